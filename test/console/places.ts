/** Where things stand on a page, and what of them moves. */

import type { Tab } from '../support/browser.ts';

/** Notes each element that moves by itself from now on. @see https://wicg.github.io/layout-instability */
export const WATCH = `
  globalThis.moved = [];
  const nameOf = (node) => {
    const element = node instanceof Element ? node : node?.parentElement;
    return element ? element.tagName + '#' + element.id + '.' + element.getAttribute('class') + ' ' + element.textContent.slice(0, 40) : '?';
  };
  new PerformanceObserver((list) => {
    for (const { sources, hadRecentInput } of list.getEntries()) {
      if (!hadRecentInput) globalThis.moved.push(...sources.map(({ node }) => nameOf(node)));
    }
  }).observe({ type: 'layout-shift' });
`;

/** Where everything stands that has a name, by its place among its like. */
const PLACES = `
  Object.fromEntries(
    [...document.querySelectorAll('h1, h2, h3, h4, p, dt, figure, .bar, li, table, th, button, a, input, select, textarea')]
      .filter((element) => element.checkVisibility() && element.closest('.bottom') === null)
      .map((element) => {
        const { x, y } = element.getBoundingClientRect();
        const owner = element.closest('[data-model], [data-row], [id]');
        const of = owner?.dataset.model ?? owner?.dataset.row ?? owner?.id ?? '';
        const like = [...(owner ?? document).querySelectorAll(element.tagName)];
        return [[of, element.tagName, like.indexOf(element)].join(' '), [Math.round(x), Math.round(y + scrollY)]];
      }),
  )
`;

type Places = Record<string, [number, number]>;
export const placesOf = ({ page }: Tab): Promise<Places> => page.evaluate(PLACES);

/** What stands elsewhere than before, or is not there any more. */
export const differences = (before: Places, after: Places): string[] =>
  Object.entries(before).flatMap(([name, place]) =>
    String(after[name]) === String(place) ? [] : [`${name}: ${place} → ${after[name]}`],
  );

export const movedIn = ({ page }: Tab): Promise<string[]> => page.evaluate('globalThis.moved');
