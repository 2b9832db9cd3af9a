/* What was typed into a form survives leaving the page, until it is sent. For this tab only. */

/** @returns {Record<string, string>} the values of `start`, overwritten by what was kept */
export function loadDraft(name, start) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`draft:${name}`) ?? '{}');
    const known = Object.entries(kept).filter(([key]) => key in start);
    return { ...start, ...Object.fromEntries(known) };
  } catch {
    return { ...start };
  }
}

export function saveDraft(name, values) {
  try {
    sessionStorage.setItem(`draft:${name}`, JSON.stringify(values));
  } catch {
    // Storage is full or blocked: the form still works.
  }
}

/** These values are sent. What was typed since then, in a new form, is kept. */
export function dropDraft(name, values) {
  const kept = sessionStorage.getItem(`draft:${name}`);
  if (kept === JSON.stringify(values)) sessionStorage.removeItem(`draft:${name}`);
}

/** These values were refused after all; a newer draft counts more. */
export function restoreDraft(name, values) {
  if (!sessionStorage.getItem(`draft:${name}`)) saveDraft(name, values);
}
