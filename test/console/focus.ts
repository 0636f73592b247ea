/** A tab used by keyboard alone: what has the focus, and whether one can see that. */

import type { Tab } from '../support/browser.ts';

const FOCUSED = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return undefined;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const [x, y] = [Math.max(left, 0) + 4, Math.max(top, 0) + 4];
  // Of what is taller than the window, a part is enough.
  const inside = x < Math.min(right, innerWidth) && y < Math.min(bottom, innerHeight);
  const covered = document.elementFromPoint(x, y)?.closest('.bottom') && !element.closest('.bottom');
  const labelled = element.getAttribute('aria-label') ?? element.getAttribute('aria-labelledby');
  return {
    name: element.id || labelled || element.textContent.trim(),
    isSeen: inside && !covered && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
  };
})()`;

interface Focused {
  readonly name: string;
  /** It has an outline, and is in the window, not under a notice. */
  readonly isSeen: boolean;
}

/** Undefined when nothing has the focus. */
export const focused = ({ page }: Tab): Promise<Focused | undefined> => page.evaluate(FOCUSED);

export const nameOfFocus = async (tab: Tab): Promise<string> => (await focused(tab))?.name ?? '';

/** More than any view has. */
const MOST_STOPS = 80;

/** Presses Tab until what is named so has the focus. Throws when it cannot be reached. */
export const reach = async (tab: Tab, name: string): Promise<void> => {
  for (let i = 0; i < MOST_STOPS; i++) {
    if ((await nameOfFocus(tab)) === name) return;
    await tab.page.keyboard.press('Tab');
  }
  throw new Error(`No Tab reaches ${name}`);
};

/** All that has the focus in turn, from the first until it has it again. Throws when it never does. */
const around = async (tab: Tab, key: 'Tab' | 'Shift+Tab'): Promise<Focused[]> => {
  const stops: Focused[] = [];
  for (let i = 0; i < MOST_STOPS; i++) {
    // Between the last and the first, the browser itself may have it.
    const stop = await focused(tab);
    if (stop !== undefined && stop.name === stops[0]?.name) return stops;
    if (stop !== undefined) stops.push(stop);
    await tab.page.keyboard.press(key);
  }
  throw new Error(`The focus never comes back: ${stops.map(({ name }) => name).join(', ')}`);
};

/** The same from the page's first on, forwards and backwards. */
export const bothWays = async (tab: Tab): Promise<{ forwards: Focused[]; backwards: Focused[] }> => {
  await tab.page.keyboard.press('Tab');
  await tab.page.focus('.skip');
  return { forwards: await around(tab, 'Tab'), backwards: await around(tab, 'Shift+Tab') };
};
