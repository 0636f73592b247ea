/** A request's way through the column: each step, when it began, and how long it took. */

import { h } from './dom.js';
import { duration, number, waitReason } from './words.js';

/** @import { Counts, Passage } from '../shown.ts' */

/**
 * Times are milliseconds since the request came.
 * @typedef {{name: string, at: number, ms: number, text: string, failed?: boolean}} Step
 */

/** @param {{predictedMs: number, reason: string}} wait */
const metText = ({ predictedMs, reason }) =>
  `${reason === 'none' ? '' : `, ${duration(predictedMs)} predicted`}: ${waitReason(reason)}`;

/** @param {Counts} sources */
const foundText = ({ memory = 0, redis = 0 }) =>
  memory + redis > 0 ? `${number(memory)} from memory, ${number(redis)} from Redis` : 'nothing was known';

/** @param {Passage} passage @param {number} began when the caches had been asked */
const attemptsOf = ({ attempts, wait }, began) => {
  let free = 0;
  return attempts.flatMap(({ attachment, code, atMs, ms }, i) => {
    const waited = Math.max(0, atMs - free);
    const why = i === attempts.length - 1 && wait ? metText(wait) : '';
    /** @type {Step[]} */
    const steps = [
      {
        name: i ? 'queue, again' : 'queue',
        at: began + free,
        ms: waited,
        text: `waited ${duration(waited)}${why}`,
      },
      {
        name: `attempt ${i + 1}`,
        at: began + atMs,
        ms,
        text: `${attachment} answered ${code}`,
        failed: code !== '200',
      },
    ];
    free = atMs + ms;
    return steps;
  });
};

/** @param {Passage} passage @returns {Step[]} */
const stepsOf = (passage) => {
  const { authMs = 0, cacheMs = 0, queueMs = 0, attempts, wait, sources, ms, client } = passage;
  const { joined = 0 } = sources;
  const began = authMs + cacheMs;
  const steps = [
    { name: 'key', at: 0, ms: authMs, text: client ?? 'no service' },
    { name: 'caches', at: authMs, ms: cacheMs, text: foundText(sources) },
  ];
  if (joined > 0)
    steps.push({
      name: 'flight',
      at: began,
      ms: Math.max(0, ms - began),
      text: `${number(joined)} came with another request’s call`,
    });
  steps.push(...attemptsOf(passage, began));
  if (attempts.length === 0 && (queueMs > 0 || wait))
    steps.push({
      name: 'queue',
      at: began,
      ms: queueMs,
      text: `waited ${duration(queueMs)}${wait ? metText(wait) : ''}`,
    });
  return steps;
};

/** @param {Passage} passage */
export const waterfall = (passage) => {
  const steps = stepsOf(passage);
  const whole = Math.max(passage.ms, ...steps.map(({ at, ms }) => at + ms), 0.001);
  const rows = steps.map(({ name, at, ms, text, failed }) => {
    const bar = h('span', { class: failed ? 'step failed' : 'step' });
    bar.style.marginLeft = `${Math.min(99.5, (100 * at) / whole)}%`;
    bar.style.width = `${(100 * ms) / whole}%`;
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', { class: 'number' }, ms < 1 ? `${ms.toFixed(2)} ms` : duration(ms)),
      h(
        'td',
        { class: 'way' },
        h('span', { class: 'track', 'aria-hidden': 'true' }, bar),
        h('span', {}, text),
      ),
    );
  });
  return h(
    'table',
    { class: 'waterfall' },
    h('caption', {}, `From arrival to answer: ${duration(passage.ms)}`),
    h(
      'thead',
      {},
      h('tr', {}, ...['Step', 'Took', 'What it met'].map((name) => h('th', { scope: 'col' }, name))),
    ),
    h('tbody', {}, ...rows),
  );
};
