// What was asked and what was answered, for a test's assertions. Tokens are never written down;
// bodies are, user_data included, because a test must be able to see what the product sent.

const KEEP = 50_000;

export class Journal {
  #entries = [];
  #seq = 0;

  add(entry) {
    this.#seq += 1;
    const kept = { seq: this.#seq, ...entry };
    this.#entries.push(kept);
    if (this.#entries.length > KEEP) this.#entries.splice(0, this.#entries.length - KEEP);
    return kept;
  }

  clear() {
    this.#entries = [];
  }

  // wanted: {project, method, path (regular expression), status, since (seq)}, all optional
  find(wanted) {
    const path = wanted.path ? new RegExp(wanted.path) : null;
    return this.#entries.filter(
      (entry) =>
        (!wanted.project || entry.project === wanted.project) &&
        (!wanted.method || entry.method === wanted.method) &&
        (!wanted.status || entry.status === Number(wanted.status)) &&
        (!wanted.since || entry.seq > Number(wanted.since)) &&
        (!path || path.test(entry.path)),
    );
  }
}
