/** What the playground's form asks. */

import { control } from './dom.js';

/**
 * @typedef {object} Request
 * @property {boolean} isEmbedding
 * @property {readonly (string | object)[]} texts
 * @property {object} body
 * @property {string} url
 * @property {Record<string, string>} headers
 */

/** A document a line; or a JSON list of texts and objects. @param {string} text @returns {(string | object)[]} */
export const documentsOf = (text) => {
  if (text.trimStart().startsWith('[')) {
    const list = JSON.parse(text);
    if (Array.isArray(list)) return list;
  }
  return text.split('\n').filter((line) => line.trim() !== '');
};

/** @param {HTMLSelectElement} model */
export const isForEmbeddings = (model) => model.selectedOptions[0]?.dataset.endpoint === 'embeddings';

/** Throws a SyntaxError when the documents are meant as JSON and are none. @returns {Request} */
export const read = () => {
  const chosen = control('play-model', HTMLSelectElement);
  const isEmbedding = isForEmbeddings(chosen);
  const texts = documentsOf(control('play-documents', HTMLTextAreaElement).value);
  const query = control('play-query', HTMLInputElement).value;
  const topN = control('play-top', HTMLInputElement).valueAsNumber;
  const caching = control('play-cache', HTMLSelectElement).value;
  const wait = control('play-wait', HTMLInputElement).value;
  const model = chosen.value;
  return {
    isEmbedding,
    texts,
    body: isEmbedding
      ? { model, input: texts }
      : { model, query, documents: texts, ...(topN > 0 ? { top_n: topN } : {}) },
    url: `${location.origin}${isEmbedding ? '/v1/embeddings' : '/v1/rerank'}`,
    headers: {
      ...(caching ? { 'Cache-Control': caching } : {}),
      ...(wait ? { Prefer: `wait=${wait}` } : {}),
    },
  };
};
