/*
 * Keeps a resource as fresh as its live topics. The first load waits a moment for the
 * subscriptions, so that one fetch is enough and nothing can happen between the two.
 */

const PATIENCE_MS = 150;

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

  const watcher = { frame: () => resource.refresh(), ready: answered };
  const stops = topics.map((topic) => live.watch(topic, watcher));
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
