/** A bar of parts, with a legend that says each in words and numbers. Colours are never the only difference. */

import { h, setAttribute, setText } from './dom.js';
import { number } from './words.js';

/** @param {number} part @param {number} whole */
const share = (part, whole) => `${(100 * Math.min(1, part / Math.max(whole, 1))).toFixed(2)}%`;

/**
 * @param {string} label
 * @param {readonly {name: string, kind: string}[]} parts
 */
export const band = (label, parts) => {
  const shown = parts.map(({ name, kind }) => ({
    name,
    // Each is as wide as the bar, and shown from where the one before it ends: nothing is moved when a number changes.
    segment: h('span', { class: `segment ${kind}` }),
    count: h('dd', { 'data-name': name }),
    swatch: h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }),
  }));
  const bar = h('div', { class: 'bar', role: 'img' }, ...shown.map(({ segment }) => segment));
  const legend = h(
    'dl',
    { class: 'legend' },
    ...shown.map(({ name, swatch, count }) => h('div', {}, h('dt', {}, swatch, name), count)),
  );
  return {
    element: h('div', {}, bar, legend),
    /** @param {readonly number[]} values @param {number} whole */
    update(values, whole) {
      let before = 0;
      for (const [i, { segment, count }] of shown.entries()) {
        const value = values[i] ?? 0;
        segment.hidden = !(value > 0);
        const [from, to] = [share(before, whole), share(before + value, whole)];
        segment.style.clipPath = `inset(0 min(100% - ${to}, 100% - ${from} - 2px) 0 ${from})`;
        before += value;
        setText(count, number(value));
      }
      const said = shown.map(({ name }, i) => `${name} ${number(values[i])}`).join(', ');
      setAttribute(bar, 'aria-label', `${label}: ${said} of ${number(whole)}`);
    },
  };
};
