/*
 * Keeps a resource as fresh as its live topics. The first load waits a moment for the
 * subscriptions, so that one fetch is enough and nothing can happen between the two.
 */

const PATIENCE_MS = 150;
/** These speak of everybody's objects: a busy hour must not make open lists load all the time. */
const LISTS = new Set(['requests', 'servers', 'runs']);
const LIST_GAP_MS = 1000;

/**
 * @param {import('./live.js').Live} live
 * @param {string[]} topics
 * @param {import('./resource.js').Resource<any>} resource
 * @returns {() => void} stops following
 */
export function followTopics(live, topics, resource) {
  let waiting = live.state === 'off' ? 0 : topics.length;
  let timer = 0;

  const begin = () => {
    waiting = 0;
    clearTimeout(timer);
    resource.load();
  };
  const answered = () => {
    if (!waiting) resource.refresh();
    else if (--waiting === 0) begin();
  };

  if (waiting) timer = setTimeout(begin, PATIENCE_MS);
  else begin();

  const changed = (topic) => () => resource.refresh(LISTS.has(topic) ? LIST_GAP_MS : undefined);
  const stops = topics.map((topic) =>
    live.watch(topic, { frame: changed(topic), ready: answered }),
  );
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
