/** What callers asked for, what was sent upstream and billed there, and what that saved: a small table. */

/** @import { ModelShown } from '../shown.ts' */

import { h, setText } from './dom.js';
import { number, sum } from './words.js';

/** @param {string} name */
const row = (name) => {
  const cells = ['asked', 'upstream', 'saved'].map((column) => h('td', { 'data-column': column }));
  const element = h('tr', { 'data-saving': name }, h('th', { scope: 'row' }, name), ...cells);
  return {
    element,
    /** @param {readonly string[]} texts */
    set(...texts) {
      for (const [i, cell] of cells.entries()) setText(cell, texts[i] ?? '');
    },
  };
};

const AT_LEAST = '≥: exact for texts of up to 500 tokens; longer ones would have cost more.';
const ABOUT = '≈: as if each text saved had as many tokens as those sent.';

export const savings = () => {
  const [texts, units, tokens] = [row('texts'), row('search units'), row('tokens')];
  const note = h('p', { class: 'about' });
  const columns = ['In all', 'Asked', 'Upstream', 'Saved'].map((name) => h('th', { scope: 'col' }, name));
  const rows = [texts, units, tokens].map(({ element }) => element);
  const table = h(
    'table',
    { class: 'savings' },
    h('thead', {}, h('tr', {}, ...columns)),
    h('tbody', {}, ...rows),
  );
  return {
    element: h('div', {}, table, note),
    /** @param {ModelShown} model */
    update({ endpoint, documents, searchUnits, tokens: billed }) {
      const isEmbedding = endpoint === 'embeddings';
      const asked = sum(documents);
      const upstream = documents?.upstream ?? 0;
      texts.element.hidden = documents === undefined;
      units.element.hidden = isEmbedding;
      tokens.element.hidden = !isEmbedding;
      texts.set(number(asked), number(upstream), number(asked - upstream));
      units.set(
        `≥ ${number(searchUnits.asked)}`,
        number(searchUnits.billed),
        `≥ ${number(searchUnits.asked - searchUnits.billed)}`,
      );
      const saved = upstream > 0 ? Math.round((billed * (asked - upstream)) / upstream) : undefined;
      tokens.set(
        saved === undefined ? '–' : `≈ ${number(billed + saved)}`,
        number(billed),
        saved === undefined ? '–' : `≈ ${number(saved)}`,
      );
      setText(note, isEmbedding ? ABOUT : AT_LEAST);
    },
  };
};
