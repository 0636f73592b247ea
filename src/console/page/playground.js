/** The playground: a request of one's own, its answer, and the same for other programs. */

/** @import { KeyOf } from './asking.js' */
/** @import { Request } from './question.js' */
/** @import { Snapshot } from '../shown.ts' */

import { authorization, passageOf } from './asking.js';
import { byId, control, h, setText } from './dom.js';
import { isForEmbeddings, read } from './question.js';
import { headersOf, ranking, similarity, sourcesText } from './results.js';
import { snippets } from './snippets.js';
import { waterfall } from './waterfall.js';
import { bill, duration, number } from './words.js';

/** @param {string} name @param {string} code */
const snippet = (name, code) => {
  const button = h('button', { type: 'button' }, `Copy ${name}`);
  const said = h('span', { class: 'about', role: 'status' });
  const shown = code.length > 4000 ? `${code.slice(0, 4000)}\n… (copied whole)` : code;
  const text = h(
    'pre',
    { tabindex: '0', role: 'region', 'aria-label': `Code for ${name}` },
    h('code', {}, shown),
  );
  button.addEventListener('click', async () => {
    setText(said, '');
    try {
      await navigator.clipboard.writeText(code);
      setText(said, 'Copied');
    } catch {
      // Only pages of this machine or over HTTPS may write to the clipboard, and only if the browser lets them.
      getSelection()?.selectAllChildren(text);
      setText(said, 'Selected: copy it with the keyboard');
    }
  });
  return h('details', {}, h('summary', {}, name), h('div', { class: 'row' }, button, said), text);
};

/** @param {Request} request */
const codeOf = (request) => {
  const blocks = Object.entries(snippets(request)).map(([name, code]) => snippet(name, code));
  return [h('h3', {}, 'The same elsewhere'), ...blocks];
};

/**
 * @param {Request} request
 * @param {string | undefined} key
 * @param {AbortSignal} signal
 * @returns {Promise<{words: string, problem: string, parts: Node[]}>}
 */
const send = async (request, key, signal) => {
  const began = performance.now();
  const response = await fetch(request.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization(key), ...request.headers },
    body: JSON.stringify(request.body),
    signal,
  });
  const body = await response.json();
  const tookMs = performance.now() - began;
  const { passage } = await passageOf(response.headers.get('x-request-id') ?? '', key);
  const said = passage && [sourcesText(passage), bill(passage)].filter(Boolean).join(', ');
  const headers = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Headers' },
    headersOf(response.headers),
  );
  const way = passage ? [waterfall(passage)] : [];
  const result = () =>
    request.isEmbedding
      ? similarity(
          body.data.map((/** @type {{embedding: number[]}} */ { embedding }) => embedding),
          request.texts.map(String),
        )
      : ranking(body.results, request.texts);
  return {
    words: `${response.status} in ${duration(tookMs)}${said ? `: ${said}` : ''}`,
    problem: response.ok ? '' : (body.message ?? 'It failed.'),
    parts: [...(response.ok ? [result()] : []), headers, ...way],
  };
};

/** @param {unknown} thrown */
const problemOf = (thrown) => {
  if (thrown instanceof SyntaxError) return `The documents are no JSON: ${thrown.message}`;
  return 'The gateway does not answer.';
};

/** @param {KeyOf} keyOf */
export const playground = (keyOf) => {
  const form = byId('play-form');
  const model = control('play-model', HTMLSelectElement);
  const documents = control('play-documents', HTMLTextAreaElement);
  const [words, problem] = [byId('play-words'), byId('play-problem')];
  const [box, code] = [byId('play-result'), byId('play-code')];
  const choose = () => {
    const isEmbedding = isForEmbeddings(model);
    for (const element of form.querySelectorAll('[data-of=rerank]'))
      if (element instanceof HTMLElement) element.hidden = isEmbedding;
    control('play-query', HTMLInputElement).required = !isEmbedding;
    setText(byId('play-documents-label'), isEmbedding ? 'Texts' : 'Documents');
  };
  model.addEventListener('change', choose);
  const file = control('play-file', HTMLInputElement);
  file.addEventListener('change', async () => {
    documents.value = (await file.files?.[0]?.text()) ?? '';
  });

  /** What is asked now: whoever asks again, or presses Escape, does not wait for it any longer. */
  let asking = new AbortController();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    setText(problem, '');
    box.replaceChildren();
    code.replaceChildren();
    try {
      const request = read();
      box.setAttribute('aria-busy', 'true');
      setText(words, `Asking about ${number(request.texts.length)} texts …`);
      const answer = await send(request, keyOf(), signal);
      if (signal.aborted) return;
      setText(words, answer.words);
      setText(problem, answer.problem);
      box.replaceChildren(...answer.parts);
      code.replaceChildren(...codeOf(request));
    } catch (thrown) {
      if (signal.aborted) return;
      setText(words, '');
      setText(problem, problemOf(thrown));
    } finally {
      if (!signal.aborted) box.removeAttribute('aria-busy');
    }
  });
  byId('playground').addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !box.hasAttribute('aria-busy')) return;
    asking.abort();
    box.removeAttribute('aria-busy');
    setText(words, 'Given up.');
  });

  let known = '';
  /** The models that there are to choose from. @param {Snapshot} snapshot */
  return ({ models }) => {
    const all = Object.entries(models);
    const names = all.map(([name]) => name).join();
    if (names === known) return;
    known = names;
    model.replaceChildren(
      ...all.map(([name, { endpoint }]) => h('option', { value: name, 'data-endpoint': endpoint }, name)),
    );
    choose();
  };
};
