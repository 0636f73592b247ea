/** Numbers and reasons in words. */

const NUMBER = new Intl.NumberFormat('en-US');

export const number = (value) => NUMBER.format(value ?? 0);

export const percent = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : '–');

/** @param {number} ms */
export const duration = (ms) => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
};

export const sum = (counts) => Object.values(counts ?? {}).reduce((all, count) => all + count, 0);

/** How long the window is, as one says it. */
export const windowName = (ms) => (ms === 60_000 ? 'minute' : `window of ${duration(ms)}`);

const BLOCKS = {
  full: ({ windowMs }) => `every place of the ${windowName(windowMs)} is used`,
  spaced: () => 'the burst is used up, places come one by one',
  paused: ({ pausedMs }) => `the upstream has asked to be left alone for ${duration(pausedMs)}`,
  cold: () => 'what the upstream still counts is unknown, one call goes first',
  alone: () => 'Redis is lost, so this process keeps to its share of the limit',
  turn: () => 'calls of other processes go first',
  tokens: ({ windowMs }) => `the tokens of this ${windowName(windowMs)} are used up`,
};

/** Why no place is free; undefined when one is. @param {{block?: string, pausedMs: number, windowMs: number}} window */
export const reason = (window) => window.block && (BLOCKS[window.block]?.(window) ?? window.block);

const STANDINGS = {
  good: 'well',
  trial: 'is being tried again',
  out: 'left alone, since its calls fail',
  refused: 'refuses the gateway’s key',
};

/** How an attachment is, and why. */
export const health = ({ standing, retryMs, failure, pausedMs }) => {
  const words = STANDINGS[standing] ?? standing;
  const why = failure ? ` (last: ${failure})` : '';
  const when = standing !== 'good' && retryMs > 0 ? `, tried again in ${duration(retryMs)}` : '';
  const pause = standing === 'good' && pausedMs > 0 ? `, paused for ${duration(pausedMs)}` : '';
  return `${words}${why}${when}${pause}`;
};

/** What a call that came now would meet. */
export const outlook = (model, windowMs) => {
  const lanes = Object.values(model.attachments);
  if (model.expectedMs === undefined) return 'No attachment can be asked at the moment.';
  if (model.expectedMs === 0) return 'A call now starts at once.';
  const why = lanes.every(({ block }) => block)
    ? reason({ ...lanes[0], windowMs })
    : 'others wait that are served before';
  return `A call now starts in about ${duration(model.expectedMs)}: ${why}.`;
};

/** Why a call had to wait, of one that is over. */
export const waitReason = (word) =>
  word === 'none'
    ? 'a place was free'
    : (BLOCKS[word]?.({ windowMs: 60_000, pausedMs: 0 }) ?? word).replace(/ for 0 ms$/, '');

export const bill = ({ searchUnits, tokens }) => {
  if (tokens !== undefined) return `billed ${number(tokens)} tokens`;
  return searchUnits === undefined
    ? undefined
    : `billed ${number(searchUnits)} search ${searchUnits === 1 ? 'unit' : 'units'}`;
};

export const authorization = (key) => (key ? { Authorization: `Bearer ${key}` } : {});

/** One of the last requests, or a message that says why not. */
export const passageOf = async (id, key) => {
  try {
    const response = await fetch(`/console/requests/${encodeURIComponent(id)}`, {
      headers: authorization(key),
      cache: 'no-store',
    });
    const body = await response.json();
    return response.ok ? { passage: body } : { message: body.message };
  } catch {
    return { message: 'The gateway does not answer.' };
  }
};
