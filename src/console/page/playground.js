/** The playground: a request of one's own, its answer, and the same for other programs. */

import { byId, h, setText } from './dom.js';
import { headersOf, ranking, similarity, sourcesText } from './results.js';
import { snippets } from './snippets.js';
import { waterfall } from './why.js';
import { authorization, bill, duration, number, passageOf } from './words.js';

/** A document a line; or a JSON list of texts and objects. */
export const documentsOf = (text) => {
  if (text.trimStart().startsWith('[')) {
    const list = JSON.parse(text);
    if (Array.isArray(list)) return list;
  }
  return text.split('\n').filter((line) => line.trim() !== '');
};

const read = () => {
  const model = byId('play-model').value;
  const isEmbedding = byId('play-model').selectedOptions[0]?.dataset.endpoint === 'embeddings';
  const texts = documentsOf(byId('play-documents').value);
  const topN = byId('play-top').valueAsNumber;
  const caching = byId('play-cache').value;
  const wait = byId('play-wait').value;
  const body = isEmbedding
    ? { model, input: texts }
    : { model, query: byId('play-query').value, documents: texts, ...(topN > 0 ? { top_n: topN } : {}) };
  return {
    isEmbedding,
    texts,
    body,
    url: `${location.origin}${isEmbedding ? '/v1/embeddings' : '/v1/rerank'}`,
    headers: {
      ...(caching ? { 'Cache-Control': caching } : {}),
      ...(wait ? { Prefer: `wait=${wait}` } : {}),
    },
  };
};

const showSnippets = (request) => {
  const blocks = Object.entries(snippets(request)).map(([name, code]) => {
    const button = h('button', { type: 'button' }, `Copy ${name}`);
    button.addEventListener('click', async () => {
      // Only pages of this machine or over HTTPS may write to the clipboard.
      await navigator.clipboard?.writeText(code);
      if (navigator.clipboard) setText(button, 'Copied');
      else getSelection().selectAllChildren(button.nextElementSibling);
    });
    const shown = code.length > 4000 ? `${code.slice(0, 4000)}\n… (copied whole)` : code;
    return h(
      'details',
      {},
      h('summary', {}, name),
      button,
      h('pre', { tabindex: '0', role: 'region', 'aria-label': name }, h('code', {}, shown)),
    );
  });
  byId('play-code').replaceChildren(h('h3', {}, 'The same elsewhere'), ...blocks);
};

const resultOf = ({ isEmbedding, texts }, body) =>
  isEmbedding
    ? similarity(
        body.data.map(({ embedding }) => embedding),
        texts.map(String),
      )
    : ranking(body.results, texts);

const send = async (request, key) => {
  const began = performance.now();
  const response = await fetch(request.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization(key), ...request.headers },
    body: JSON.stringify(request.body),
  });
  const body = await response.json();
  const tookMs = performance.now() - began;
  const { passage } = await passageOf(response.headers.get('x-request-id') ?? '', key);
  const said = passage && [sourcesText(passage), bill(passage)].filter(Boolean).join(', ');
  return [
    h('p', { class: 'words' }, `${response.status} in ${duration(tookMs)}${said ? `: ${said}` : ''}`),
    response.ok ? resultOf(request, body) : h('p', { class: 'problem' }, body.message ?? 'It failed.'),
    h(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Headers' },
      headersOf(response.headers),
    ),
    passage && waterfall(passage),
  ].filter(Boolean);
};

/** @param {() => string | undefined} keyOf */
export const playground = (keyOf) => {
  const [form, model, box, problem] = [
    byId('play-form'),
    byId('play-model'),
    byId('play-result'),
    byId('play-problem'),
  ];
  const choose = () => {
    const isEmbedding = model.selectedOptions[0]?.dataset.endpoint === 'embeddings';
    for (const element of form.querySelectorAll('[data-of=rerank]')) element.hidden = isEmbedding;
    byId('play-query').required = !isEmbedding;
    setText(byId('play-documents-label'), isEmbedding ? 'Texts' : 'Documents');
  };
  model.addEventListener('change', choose);
  byId('play-file').addEventListener('change', async ({ target }) => {
    byId('play-documents').value = (await target.files[0]?.text()) ?? '';
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    setText(problem, '');
    try {
      const request = read();
      box.setAttribute('aria-busy', 'true');
      box.replaceChildren(h('p', { class: 'words' }, `Asking about ${number(request.texts.length)} texts …`));
      showSnippets(request);
      box.replaceChildren(...(await send(request, keyOf())));
    } catch (thrown) {
      box.replaceChildren();
      setText(
        problem,
        thrown instanceof SyntaxError
          ? `The documents are no JSON: ${thrown.message}`
          : 'The gateway does not answer.',
      );
    } finally {
      box.removeAttribute('aria-busy');
    }
  });
  let known = '';
  /** The models that there are to choose from. */
  return ({ models }) => {
    const names = Object.keys(models);
    if (names.join() === known) return;
    known = names.join();
    model.replaceChildren(
      ...names.map((name) => h('option', { value: name, 'data-endpoint': models[name].endpoint }, name)),
    );
    choose();
  };
};
