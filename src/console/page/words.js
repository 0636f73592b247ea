/** Numbers and reasons in words. */

/** @import { AttachmentShown, Counts, ModelShown, Passage, Reason } from '../shown.ts' */

const NUMBER = new Intl.NumberFormat('en-US');
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact' });

/** @param {number | undefined} value */
export const number = (value) => NUMBER.format(value ?? 0);

/** In so few characters that it fits beside an axis. @param {number} value */
export const short = (value) => (value < 10_000 ? number(value) : SHORT.format(value));

/** @param {number} part @param {number} whole */
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

/** @param {Counts | undefined} counts */
export const sum = (counts) => Object.values(counts ?? {}).reduce((all, count) => all + count, 0);

/** How long the window is, as one says it. @param {number} ms */
export const windowName = (ms) => (ms === 60_000 ? 'minute' : `window of ${duration(ms)}`);

/** Why there is no place. @type {Readonly<Record<Reason, (window: {pausedMs: number, windowMs: number}) => string>>} */
const REASONS = {
  full: ({ windowMs }) => `every place of the ${windowName(windowMs)} is used`,
  spaced: () => 'the burst is used up, places come one by one',
  paused: ({ pausedMs }) =>
    `the upstream has asked to be left alone${pausedMs > 0 ? ` for ${duration(pausedMs)}` : ''}`,
  cold: () => 'one call goes first, to learn what the upstream counts',
  alone: () => 'Redis is lost, so this process keeps to its share',
  turn: () => 'calls of other processes go first',
  tokens: ({ windowMs }) => `the tokens of this ${windowName(windowMs)} are used up`,
};

/** @param {string} word @returns {word is Reason} */
const isReason = (word) => Object.hasOwn(REASONS, word);

/** A word that this page does not know is shown as it is. @param {string} word @param {{pausedMs: number, windowMs: number}} window */
const reasonText = (word, window) => (isReason(word) ? REASONS[word](window) : word);

const STANDINGS = {
  good: 'well',
  trial: 'is being tried again',
  out: 'its calls fail',
  refused: 'refuses the gateway’s key',
};

/** How an attachment is, and why. @param {AttachmentShown} attachment */
export const health = ({ standing, retryMs, failure, pausedMs, alone }) =>
  [
    `${STANDINGS[standing]}${failure ? ` (${failure})` : ''}`,
    standing !== 'good' && retryMs > 0 && `next try in ${duration(retryMs)}`,
    standing === 'good' && pausedMs > 0 && `paused for ${duration(pausedMs)}`,
    alone && 'alone',
  ]
    .filter(Boolean)
    .join(', ');

/** What a call that came now would meet. @param {ModelShown} model @param {number} windowMs */
export const outlook = ({ attachments, expectedMs }, windowMs) => {
  if (expectedMs === undefined) return 'No attachment can be asked at the moment.';
  if (expectedMs === 0) return 'A call now starts at once.';
  const lanes = Object.values(attachments);
  const [first] = lanes;
  const why =
    first?.block && lanes.every(({ block }) => block)
      ? reasonText(first.block, { ...first, windowMs })
      : 'others wait that are served before';
  return `A call now starts in about ${duration(expectedMs)}: ${why}.`;
};

/** Why a call had to wait, of one that is over. @param {string} word */
export const waitReason = (word) =>
  word === 'none' ? 'a place was free' : reasonText(word, { windowMs: 60_000, pausedMs: 0 });

/** @param {Pick<Passage, 'searchUnits' | 'tokens'>} passage */
export const bill = ({ searchUnits, tokens }) => {
  if (tokens !== undefined) return `billed ${number(tokens)} tokens`;
  return searchUnits === undefined
    ? undefined
    : `billed ${number(searchUnits)} search ${searchUnits === 1 ? 'unit' : 'units'}`;
};
