/** Why did this request take so long? Its way through the column, as a waterfall. */

import { byId, h, setText } from './dom.js';
import { bill, duration, number, passageOf, waitReason } from './words.js';

/** The steps of a request, with when each began and how long it took, in milliseconds. */
const stepsOf = (passage) => {
  const { authMs = 0, cacheMs = 0, queueMs = 0, attempts, wait, sources, ms } = passage;
  const steps = [
    { name: 'key', at: 0, ms: authMs, text: passage.client ?? 'no service' },
    { name: 'caches', at: authMs, ms: cacheMs, text: foundText(sources) },
  ];
  const began = authMs + cacheMs;
  if (sources.joined > 0)
    steps.push({
      name: 'flight',
      at: began,
      ms: Math.max(0, ms - began),
      text: `${number(sources.joined)} came with another request’s call`,
    });
  let free = 0;
  attempts.forEach(({ attachment, code, atMs, ms: took }, i) => {
    const last = i === attempts.length - 1;
    const why = last && wait ? metText(wait) : '';
    steps.push({
      name: i ? 'queue, again' : 'queue',
      at: began + free,
      ms: Math.max(0, atMs - free),
      text: `waited ${duration(Math.max(0, atMs - free))}${why}`,
    });
    steps.push({
      name: `attempt ${i + 1}`,
      at: began + atMs,
      ms: took,
      text: `${attachment} answered ${code}`,
      failed: code !== '200',
    });
    free = atMs + took;
  });
  if (attempts.length === 0 && (queueMs > 0 || wait)) {
    const predicted = wait ? metText(wait) : '';
    steps.push({
      name: 'queue',
      at: began,
      ms: queueMs,
      text: `waited ${duration(queueMs)}${predicted}`,
    });
  }
  return steps;
};

const metText = ({ predictedMs, reason }) =>
  `${reason === 'none' ? '' : `, ${duration(predictedMs)} predicted`}: ${waitReason(reason)}`;

const foundText = ({ memory = 0, redis = 0 }) =>
  memory + redis > 0 ? `${number(memory)} from memory, ${number(redis)} from Redis` : 'nothing was known';

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
  return h('p', {}, parts.filter(Boolean).join(' · '));
};

/** @param {() => string | undefined} keyOf */
export const why = (keyOf) => {
  const [form, input, box, problem] = [
    byId('why-form'),
    byId('why-id'),
    byId('why-result'),
    byId('why-problem'),
  ];
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    setText(problem, '');
    box.replaceChildren();
    const found = await passageOf(input.value.trim(), keyOf());
    if (found.passage === undefined) setText(problem, found.message);
    else box.replaceChildren(summary(found.passage), waterfall(found.passage));
  });
};
