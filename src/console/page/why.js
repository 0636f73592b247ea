/** Why did this request take so long? */

import { passageOf } from './asking.js';
import { byId, control, setText } from './dom.js';
import { waterfall } from './waterfall.js';
import { bill, duration, number } from './words.js';

/** @import { KeyOf } from './asking.js' */
/** @import { Passage } from '../shown.ts' */

/** @param {Passage} passage */
const summary = (passage) => {
  const { outcome, status, error, model, documents, at, retryAfterMs } = passage;
  const parts = [
    `${outcome} (${status}${error ? `, ${error.replaceAll('_', ' ')}` : ''})`,
    model,
    documents === undefined ? undefined : `${number(documents)} texts`,
    bill(passage),
    retryAfterMs === undefined ? undefined : `told to come back in ${duration(retryAfterMs)}`,
    new Date(at).toLocaleTimeString('en-GB'),
  ];
  return parts.filter(Boolean).join(' · ');
};

/** @param {KeyOf} keyOf */
export const why = (keyOf) => {
  const [words, box, problem] = [byId('why-words'), byId('why-result'), byId('why-problem')];
  byId('why-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    setText(problem, '');
    setText(words, '');
    box.replaceChildren();
    const found = await passageOf(control('why-id', HTMLInputElement).value.trim(), keyOf());
    if (found.passage === undefined) setText(problem, found.message);
    else {
      setText(words, summary(found.passage));
      box.replaceChildren(waterfall(found.passage));
    }
  });
};
