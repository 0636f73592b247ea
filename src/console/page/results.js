/** What an answer of the playground looks like: a ranking, or how alike texts are; its headers; where its values came from. */

import { h } from './dom.js';
import { number } from './words.js';

/** @import { Passage } from '../shown.ts' */

/** @typedef {{index: number, relevance_score: number}} Result */
/** @typedef {readonly (string | object)[]} Texts as they were asked about */

/** How many results are shown until all are asked for. */
const SHOWN = 100;

/** @param {string | object | undefined} document */
const textOf = (document) => (typeof document === 'string' ? document : (JSON.stringify(document) ?? ''));

/** @param {readonly Result[]} results @param {Texts} documents */
export const ranking = (results, documents) => {
  const most = Math.max(...results.map(({ relevance_score }) => relevance_score), 1e-9);
  /** @param {Result} result */
  const row = ({ index, relevance_score: score }) => {
    const bar = h('span', { class: 'step' });
    bar.style.width = `${Math.max(0, (100 * score) / most)}%`;
    return h(
      'li',
      { tabindex: '-1' },
      h(
        'span',
        { class: 'score' },
        h('span', { class: 'track', 'aria-hidden': 'true' }, bar),
        h('b', {}, score.toPrecision(3)),
        h('span', { class: 'about' }, `#${number(index)}`),
      ),
      h('span', { class: 'text' }, textOf(documents[index])),
    );
  };
  const list = h('ol', { class: 'ranking' }, ...results.slice(0, SHOWN).map(row));
  if (results.length <= SHOWN) return list;
  const more = h('button', { type: 'button' }, `Show all ${number(results.length)}`);
  more.addEventListener('click', () => {
    const others = results.slice(SHOWN).map(row);
    list.append(...others);
    // Where the button was, a reader goes on.
    others[0]?.focus({ preventScroll: true });
    more.remove();
  });
  return h('div', {}, list, more);
};

/** How many texts a matrix has at most: more cannot be read. */
export const MOST_COMPARED = 24;

/** @typedef {readonly number[]} Vector */

/** @param {Vector} vector */
const norm = (vector) => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
/** @param {Vector} a @param {Vector} b */
const cosine = (a, b) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0) / (norm(a) * norm(b) || 1);

/**
 * The cosine of each two texts' vectors, darker the more alike they are.
 * @param {readonly Vector[]} vectors
 * @param {readonly string[]} texts
 */
export const similarity = (vectors, texts) => {
  const some = vectors.slice(0, MOST_COMPARED);
  /** @param {string} text @param {number} i */
  const head = (text, i) => h('span', { class: 'clip', title: text }, `${i + 1} ${text}`);
  const rows = some.map((a, i) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, head(texts[i] ?? '', i)),
      ...some.map((b) => {
        const value = cosine(a, b);
        const cell = h('td', { class: 'alike' }, h('span', {}, value.toFixed(2).replace('-0.00', '0.00')));
        cell.style.setProperty('--alike', `${Math.round(40 * Math.max(0, value))}%`);
        return cell;
      }),
    ),
  );
  const columns = h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'Text'),
    ...some.map((_, i) => h('th', { scope: 'col' }, String(i + 1))),
  );
  const left = vectors.length - some.length;
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Similarity' },
      h(
        'table',
        { class: 'matrix' },
        h('caption', {}, 'Cosine similarity of each two texts'),
        h('thead', {}, columns),
        h('tbody', {}, ...rows),
      ),
    ),
    left > 0
      ? h('p', { class: 'about' }, `${number(left)} more were embedded, and are not shown.`)
      : undefined,
  );
};

const HEADERS = {
  'x-request-id': 'names the request: paste it under Why?',
  'cache-status': 'whether caches answered (hit), some of it (partial), or nothing (miss)',
  age: 'seconds since the oldest value was made',
  'server-timing': 'milliseconds for key, caches, queue, upstream',
  'ratelimit-policy': 'the service’s quota: calls (q) in a window of seconds (w)',
  ratelimit: 'calls left of it (r), seconds until one comes free (t)',
  'retry-after': 'seconds after which another attempt makes sense',
  'x-ratelimit-limit-requests': 'the upstream’s limit',
  'x-ratelimit-remaining-requests': 'what the upstream has left of it',
  'x-ratelimit-reset-requests': 'when the upstream’s window is free again',
};

/** @param {Headers} headers */
export const headersOf = (headers) => {
  const rows = Object.entries(HEADERS).filter(([name]) => headers.has(name));
  return h(
    'table',
    { class: 'headers' },
    h('caption', {}, 'Headers of the answer'),
    h(
      'thead',
      {},
      h('tr', {}, ...['Header', 'Value', 'Meaning'].map((name) => h('th', { scope: 'col' }, name))),
    ),
    h(
      'tbody',
      {},
      ...rows.map(([name, meaning]) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, name),
          h('td', {}, h('code', {}, headers.get(name) ?? '')),
          h('td', {}, meaning),
        ),
      ),
    ),
  );
};

const SOURCES = {
  memory: 'from memory',
  redis: 'from Redis',
  joined: 'with another request’s call',
  upstream: 'from the upstream',
};

/** @param {Passage} passage */
export const sourcesText = ({ sources }) =>
  Object.entries(SOURCES)
    .filter(([name]) => (sources[name] ?? 0) > 0)
    .map(([name, words]) => `${number(sources[name])} ${words}`)
    .join(', ');
