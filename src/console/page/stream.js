/** The stream of numbers: read by fetch, since an EventSource cannot send a key. Comes back by itself, ever more slowly. */

import { authorization } from './asking.js';

/** @import { HistoryShown, Snapshot } from '../shown.ts' */

/**
 * What becomes of the connection: `key`: it is not one of the gateway's. `lost`: the next attempt is in `waitMs`.
 * @typedef {{state: 'connecting'} | {state: 'key'} | {state: 'lost', why: string | undefined, waitMs: number}} State
 */

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
/** A stream that says nothing for so long is dead, whatever the connection says. */
const SILENT_MS = 20_000;

/** Why a process ends a stream. @type {Readonly<Record<string, string>>} */
const ENDS = {
  draining: 'This process is shutting down.',
  failed: 'The process cannot tell how it is.',
  stalled: 'This page did not read for a minute.',
};

/** @typedef {{[name: string]: unknown}} JsonObject */

/** @param {unknown} value @returns {value is JsonObject} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * @see RFC 7386. Objects without prototypes: a name may be any word.
 * @param {unknown} target
 * @param {unknown} patch
 * @returns {unknown}
 */
export const applyPatch = (target, patch) => {
  if (!isObject(patch)) return patch;
  /** @type {JsonObject} */
  const result = Object.assign(Object.create(null), isObject(target) ? target : {});
  for (const name of Object.keys(patch)) {
    if (patch[name] === null) delete result[name];
    else result[name] = applyPatch(result[name], patch[name]);
  }
  return result;
};

/** A mistake in what is shown is no lost connection. @param {() => void} show */
const told = (show) => {
  try {
    show();
  } catch (thrown) {
    reportError(thrown);
  }
};

/** Events of a response, as they come. @param {ReadableStream<Uint8Array<ArrayBuffer>>} body */
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
 * @param {object} options
 * @param {string | undefined} options.key
 * @param {(history: HistoryShown) => void} options.onHistory
 * @param {(snapshot: Snapshot) => void} options.onSnapshot
 * @param {(state: State) => void} options.onState
 */
export const connect = ({ key, onHistory, onSnapshot, onState }) => {
  let stopped = false;
  let failures = 0;
  let abort = new AbortController();
  let wake = () => {};

  /** @returns {Promise<{refused: true} | {refused?: undefined, why: string | undefined}>} how it ended */
  const read = async () => {
    let silence = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(), SILENT_MS);
    };
    heard();
    try {
      const response = await fetch('/console/live', {
        headers: authorization(key),
        signal: abort.signal,
        cache: 'no-store',
      });
      if (response.status === 401) return { refused: true };
      if (!response.ok || !response.body) {
        const { message } = await response.json().catch(() => ({}));
        return { why: message ?? `The gateway answers ${response.status}.` };
      }
      /** @type {unknown} */
      let snapshot;
      for await (const { event, data } of eventsOf(response.body)) {
        heard();
        if (event === 'history') onHistory(data);
        else if (event === 'end') return { why: ENDS[data.reason] ?? data.reason };
        else {
          snapshot = event === 'snapshot' ? data : applyPatch(snapshot, data);
          failures = 0;
          if (!stopped) told(() => onSnapshot(/** @type {Snapshot} */ (snapshot)));
        }
      }
      return { why: undefined };
    } catch {
      return { why: undefined };
    } finally {
      clearTimeout(silence);
    }
  };

  const run = async () => {
    while (!stopped) {
      if (failures === 0) onState({ state: 'connecting' });
      abort = new AbortController();
      const ended = await read();
      if (stopped) return;
      if (ended.refused) return onState({ state: 'key' });
      failures++;
      const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
      const waitMs = longest * (0.5 + Math.random() / 2);
      onState({ state: 'lost', why: ended.why, waitMs });
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve(undefined);
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
