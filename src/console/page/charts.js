/** The charts: what comes free when, and the last ten minutes. Colours are never the only difference. */

import { h, setAttribute, setText, svg } from './dom.js';
import { number, short } from './words.js';

const WIDTH = 600;

/** How much of what is used comes free when, from now to the end of the window. @param {string} what */
export const comingFree = (what) => {
  const HEIGHT = 48;
  const picture = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    class: 'plot',
    role: 'img',
  });
  const top = h('span', { class: 'y' });
  const end = h('span');
  const figure = h(
    'figure',
    {},
    h('figcaption', {}, `${what} that come free`),
    h('div', { class: 'frame' }, top, picture),
    h('div', { class: 'axis', 'aria-hidden': 'true' }, h('span', {}, 'now'), end),
  );
  /** @type {SVGRectElement[]} */
  let bars = [];
  return {
    element: figure,
    /** @param {readonly number[]} frees @param {number} windowMs */
    update(frees, windowMs) {
      if (bars.length !== frees.length) {
        const step = WIDTH / frees.length;
        bars = frees.map((_, i) => svg('rect', { x: i * step + 1, width: step - 2, class: 'free' }));
        picture.replaceChildren(...bars);
      }
      const most = Math.max(1, ...frees);
      for (const [i, bar] of bars.entries()) {
        const height = (HEIGHT * (frees[i] ?? 0)) / most;
        setAttribute(bar, 'y', HEIGHT - height);
        setAttribute(bar, 'height', height);
      }
      setText(top, short(most));
      setText(end, `in ${Math.round(windowMs / 1000)} s or later`);
      const half = frees.slice(0, frees.length / 2).reduce((all, count) => all + count, 0);
      setAttribute(
        picture,
        'aria-label',
        `${what}: ${number(half)} come free in the first half of the window`,
      );
    },
  };
};

/** How long the past is that is drawn. */
export const SPAN_MS = 600_000;

/** @typedef {readonly [at: number, used: number, waiting: number]} Point */

/**
 * The last ten minutes.
 * @param {string} what
 * @param {boolean} waits whether some may wait
 */
export const lastMinutes = (what, waits) => {
  const HEIGHT = 120;
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line' });
  const waiting = svg('path', { class: 'waiting' });
  const limit = svg('path', { class: 'limit' });
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'plot tall', role: 'img' },
    area,
    line,
    waiting,
    limit,
  );
  const top = h('span', { class: 'y' });
  const figure = h(
    'figure',
    {},
    h(
      'figcaption',
      {},
      `${what}, ten minutes: `,
      h('span', { class: 'key-line' }, 'used'),
      waits ? h('span', { class: 'key-line waits' }, 'waiting') : undefined,
      h('span', { class: 'key-line limits' }, 'limit'),
    ),
    h('div', { class: 'frame' }, top, h('span', { class: 'y zero' }, '0'), picture),
    h(
      'div',
      { class: 'axis', 'aria-hidden': 'true' },
      h('span', {}, '10 min ago'),
      h('span', {}, '5 min'),
      h('span', {}, 'now'),
    ),
  );
  return {
    element: figure,
    /** @param {readonly Point[]} points @param {number} most the limit @param {number} now */
    update(points, most, now) {
      const highest = Math.max(most, ...points.map(([, , waiting]) => waiting), 1);
      /** @param {number} at */
      const x = (at) => (WIDTH * (1 - (now - at) / SPAN_MS)).toFixed(1);
      /** @param {number} value */
      const y = (value) => (HEIGHT - (HEIGHT - 4) * (value / highest)).toFixed(1);
      /** @param {(point: Point) => number} of */
      const path = (of) =>
        points.map((point, i) => `${i ? 'L' : 'M'}${x(point[0])} ${y(of(point))}`).join('');
      const used = path(([, used]) => used);
      const [first] = points;
      setAttribute(line, 'd', used);
      setAttribute(area, 'd', first ? `${used}L${WIDTH} ${HEIGHT}L${x(first[0])} ${HEIGHT}Z` : '');
      setAttribute(waiting, 'd', waits ? path(([, , waiting]) => waiting) : '');
      setAttribute(limit, 'd', `M0 ${y(most)}H${WIDTH}`);
      setText(top, short(highest));
      const peak = Math.max(0, ...points.map(([, used]) => used));
      setAttribute(
        picture,
        'aria-label',
        `${what}: at most ${number(peak)} of ${number(most)} were used in the last ten minutes`,
      );
    },
  };
};
