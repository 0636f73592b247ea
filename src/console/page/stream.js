/** The stream of numbers: read by fetch, since an EventSource cannot send a key. Comes back by itself, ever more slowly. */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
/** A stream that says nothing for so long is dead, whatever the connection says. */
const SILENT_MS = 20_000;

/** Why a process ends a stream. */
const ENDS = {
  draining: 'This process is shutting down.',
  failed: 'The process cannot tell how it is.',
  stalled: 'This page did not read for a minute.',
};

/** @see RFC 7386. Objects without prototypes: a name may be any word. */
export const applyPatch = (target, patch) => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = Object.assign(Object.create(null), typeof target === 'object' ? target : {});
  for (const name of Object.keys(patch)) {
    if (patch[name] === null) delete result[name];
    else result[name] = applyPatch(result[name], patch[name]);
  }
  return result;
};

/** Events of a response, as they come. */
async function* eventsOf(body) {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event = ''] = /^event: (.*)$/m.exec(text.slice(0, end)) ?? [];
      const [, data = 'null'] = /^data: (.*)$/m.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      yield { event, data: JSON.parse(data) };
    }
  }
}

/**
 * @param {{key: string | undefined, onHistory: Function, onSnapshot: Function, onState: Function}} options
 * @returns {{stop(): void, retry(): void}}
 */
export const connect = ({ key, onHistory, onSnapshot, onState }) => {
  let stopped = false;
  let failures = 0;
  let abort = new AbortController();
  let wake = () => {};

  const read = async () => {
    const silence = { timer: 0 };
    const heard = () => {
      clearTimeout(silence.timer);
      silence.timer = setTimeout(() => abort.abort(), SILENT_MS);
    };
    heard();
    try {
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      const response = await fetch('/console/live', { headers, signal: abort.signal, cache: 'no-store' });
      if (response.status === 401) return 'key';
      if (!response.ok)
        return (await response.json().catch(() => ({}))).message ?? `status ${response.status}`;
      let snapshot;
      for await (const { event, data } of eventsOf(response.body)) {
        heard();
        if (event === 'history') onHistory(data);
        else if (event === 'end') return ENDS[data.reason] ?? data.reason;
        else {
          snapshot = event === 'snapshot' ? data : applyPatch(snapshot, data);
          failures = 0;
          if (!stopped) onSnapshot(snapshot);
        }
      }
      return undefined;
    } catch {
      return undefined;
    } finally {
      clearTimeout(silence.timer);
    }
  };

  const run = async () => {
    while (!stopped) {
      if (failures === 0) onState({ state: 'connecting' });
      abort = new AbortController();
      const why = await read();
      if (stopped) return;
      if (why === 'key') return onState({ state: 'key' });
      failures++;
      const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
      const waitMs = longest * (0.5 + Math.random() / 2);
      onState({ state: 'lost', why, waitMs });
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  run();
  return {
    stop() {
      stopped = true;
      abort.abort();
      wake();
    },
    retry: () => wake(),
  };
};
