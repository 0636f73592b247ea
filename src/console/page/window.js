/** One limit of a model's window: how much of it is used, by whom, when it comes free, and the last ten minutes. */

import { band } from './band.js';
import { comingFree, lastMinutes } from './charts.js';
import { h, setText } from './dom.js';
import { number, windowName } from './words.js';

/** @import { Point } from './charts.js' */

/**
 * What is held of a limit, all attachments together.
 * @typedef {object} Held
 * @property {number} limit
 * @property {number} used
 * @property {number} spaced
 * @property {number} foreign
 * @property {readonly (readonly number[])[]} frees of each attachment
 */

const PARTS = [
  { name: 'as asked', kind: 'asked' },
  { name: 'spaced', kind: 'spaced' },
  // Whoever else uses the attachment's key.
  { name: 'by others', kind: 'foreign' },
];

/** @param {readonly (readonly number[])[]} all */
const added = (all) => {
  const [first = []] = all;
  return first.map((_, i) => all.reduce((sum, each) => sum + (each[i] ?? 0), 0));
};

/** @param {'calls' | 'tokens'} unit what is limited */
export const limited = (unit) => {
  const isCalls = unit === 'calls';
  const [what, places] = isCalls ? ['Calls', 'Places'] : ['Tokens', 'Tokens'];
  const used = h('b', { class: 'figure', 'data-figure': isCalls ? 'used' : 'tokens' });
  const limit = h('span');
  const parts = band(`${places} of the window`, PARTS);
  const frees = comingFree(places);
  const minutes = lastMinutes(what, isCalls);
  return {
    /** How much is used, and by whom. */
    figures: h('div', { class: 'limited' }, h('p', {}, used, limit), parts.element),
    charts: h('div', { class: 'charts' }, frees.element, minutes.element),
    /**
     * @param {Held} held
     * @param {readonly Point[]} points
     * @param {{at: number, windowMs: number}} snapshot
     */
    update({ limit: most, used: taken, spaced, foreign, frees: coming }, points, { at, windowMs }) {
      setText(used, number(taken));
      setText(limit, `of ${number(most)} ${unit} of the ${windowName(windowMs)}`);
      parts.update([Math.max(0, taken - spaced - foreign), spaced, foreign], most);
      frees.update(added(coming), windowMs);
      minutes.update(points, most, at);
    },
  };
};
