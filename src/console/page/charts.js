/** The charts: bars of shares, when places come free, and the last ten minutes. Colours are never the only difference. */

import { h, setAttribute, setText, svg } from './dom.js';
import { number } from './words.js';

/**
 * A bar of parts, with a legend that says each in words and numbers.
 * @param {string} label
 * @param {readonly {name: string, kind: string}[]} parts
 */
export const shares = (label, parts) => {
  const segments = parts.map(({ kind }) => h('span', { class: `segment ${kind}` }));
  const counts = parts.map(({ name }) => h('dd', { 'data-name': name }));
  const bar = h('div', { class: 'bar', role: 'img' }, ...segments);
  const legend = h(
    'dl',
    { class: 'legend' },
    ...parts.map(({ name, kind }, i) =>
      h(
        'div',
        {},
        h('dt', {}, h('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), name),
        counts[i],
      ),
    ),
  );
  return {
    element: h('div', { class: 'shares' }, bar, legend),
    /** @param {readonly number[]} values @param {number} whole */
    update(values, whole) {
      values.forEach((value, i) => {
        segments[i].style.flexGrow = String(value);
        segments[i].hidden = !(value > 0);
        setText(counts[i], number(value));
      });
      const rest = Math.max(0, whole - values.reduce((all, value) => all + value, 0));
      bar.style.setProperty('--rest', String(rest));
      const said = parts.map(({ name }, i) => `${name} ${number(values[i])}`).join(', ');
      setAttribute(bar, 'aria-label', `${label}: ${said} of ${number(whole)}`);
    },
  };
};

const WIDTH = 600;

/** When the places that are used come free, from now to the end of the window. */
export const comingFree = () => {
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
    { class: 'chart' },
    h('figcaption', {}, 'Places that come free'),
    h('div', { class: 'frame' }, top, picture),
    h('div', { class: 'axis', 'aria-hidden': 'true' }, h('span', {}, 'now'), end),
  );
  let bars = [];
  return {
    element: figure,
    update(frees, windowMs) {
      if (bars.length !== frees.length) {
        const step = WIDTH / frees.length;
        bars = frees.map((_, i) => svg('rect', { x: i * step + 1, width: step - 2, class: 'free' }));
        picture.replaceChildren(...bars);
      }
      const most = Math.max(1, ...frees);
      frees.forEach((count, i) => {
        const height = (HEIGHT * count) / most;
        setAttribute(bars[i], 'y', HEIGHT - height);
        setAttribute(bars[i], 'height', height);
      });
      setText(top, number(most));
      setText(end, `in ${Math.round(windowMs / 1000)} s or later`);
      const half = frees.slice(0, frees.length / 2).reduce((all, count) => all + count, 0);
      setAttribute(picture, 'aria-label', `${number(half)} places come free in the first half of the window`);
    },
  };
};

export const SPAN_MS = 600_000;

/** The last ten minutes: places used as an area, calls waiting as a line, the limit as a dashed one. */
export const lastMinutes = () => {
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
    { class: 'chart' },
    h(
      'figcaption',
      {},
      'Calls, ten minutes: ',
      h('span', { class: 'key-line used' }, 'used'),
      h('span', { class: 'key-line waits' }, 'waiting'),
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
    /** @param {readonly (readonly [number, number, number])[]} moments at, used, waiting */
    update(moments, most, now) {
      const highest = Math.max(most, ...moments.map(([, , waits]) => waits), 1);
      const x = (at) => WIDTH * (1 - (now - at) / SPAN_MS);
      const y = (value) => HEIGHT - (HEIGHT - 4) * (value / highest);
      const path = (column) =>
        moments
          .map((moment, i) => `${i ? 'L' : 'M'}${x(moment[0]).toFixed(1)} ${y(moment[column]).toFixed(1)}`)
          .join('');
      const used = path(1);
      setAttribute(line, 'd', used);
      const first = moments.length > 0 ? x(moments[0][0]).toFixed(1) : 0;
      setAttribute(area, 'd', used && `${used}L${WIDTH} ${HEIGHT}L${first} ${HEIGHT}Z`);
      setAttribute(waiting, 'd', path(2));
      setAttribute(limit, 'd', `M0 ${y(most).toFixed(1)}H${WIDTH}`);
      setText(top, number(highest));
      const peak = Math.max(0, ...moments.map(([, value]) => value));
      setAttribute(
        picture,
        'aria-label',
        `At most ${number(peak)} of ${number(most)} places were used in the last ten minutes`,
      );
    },
  };
};
