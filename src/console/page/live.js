/** A card for each model: how much of the window is used, who waits and why, what the caches save. */

import { comingFree, lastMinutes, SPAN_MS, shares } from './charts.js';
import { byId, h, keyed, setAttribute, setText } from './dom.js';
import { duration, health, number, outlook, percent, sum, windowName } from './words.js';

const WINDOW = [
  { name: 'as asked', kind: 'asked' },
  { name: 'spaced', kind: 'spaced' },
  { name: 'of others with the same key', kind: 'foreign' },
];

const OUTCOMES = [
  { name: 'hits', kind: 'hit' },
  { name: 'partial', kind: 'partial' },
  { name: 'misses', kind: 'miss' },
  { name: 'stale', kind: 'stale' },
  { name: 'without cache', kind: 'bypass' },
  { name: 'refused', kind: 'rejected' },
  { name: 'wrong', kind: 'invalid' },
  { name: 'failed', kind: 'error' },
];

const GRANULARITIES = {
  document: 'every text is reused by itself',
  request: 'only the same texts together are reused',
  off: 'nothing is reused',
};

const total = (lanes, of) => lanes.reduce((all, lane) => all + of(lane), 0);

const fact = (name) => {
  const value = h('dd');
  return { element: h('div', {}, h('dt', {}, name), value), set: (text) => setText(value, text) };
};

const attachmentRow = (alias) => {
  const state = h('span', { class: 'mark', 'aria-hidden': 'true' });
  const text = h('span');
  return {
    element: h('li', {}, state, h('b', {}, alias), ' ', text),
    update(lane) {
      const isWell = lane.standing === 'good' && !lane.alone;
      setAttribute(state, 'data-well', isWell);
      setText(state, isWell ? '✓' : '!');
      const alone = lane.alone ? ', without the other processes' : '';
      setText(text, `${number(lane.used)} of ${number(lane.limit)} · ${health(lane)}${alone}`);
    },
  };
};

const card = (model) => {
  const id = `model-${model}`;
  const about = h('p', { class: 'about' });
  const [used, limit] = [h('b', { class: 'figure', 'data-figure': 'used' }), h('span')];
  const words = h('p', { class: 'words' });
  const band = shares('Places of the window', WINDOW);
  const frees = comingFree();
  const minutes = lastMinutes();
  const served = shares('Requests', OUTCOMES);
  const facts = {
    waiting: fact('Calls waiting'),
    wait: fact('Wait predicted'),
    asked: fact('Texts asked'),
    saved: fact('Texts from caches or shared calls'),
    billed: fact('Billed'),
    drift: fact('Verified again'),
  };
  const attachments = h('ul', { class: 'attachments' });
  const rows = keyed(attachments, attachmentRow);
  const moments = [];
  const element = h(
    'article',
    { class: 'card model', 'aria-labelledby': id, 'data-model': model },
    h('header', {}, h('h3', { id }, model), about),
    h('p', { class: 'used' }, used, limit),
    words,
    band.element,
    h('div', { class: 'charts' }, frees.element, minutes.element),
    h('h4', {}, 'Requests'),
    served.element,
    h('dl', { class: 'facts' }, ...Object.values(facts).map((each) => each.element)),
    h('h4', {}, 'Attachments'),
    attachments,
  );
  return {
    element,
    remember(rows) {
      moments.splice(0, moments.length, ...rows);
    },
    /** @param {any} state of the model @param {{at: number, windowMs: number}} snapshot */
    update(state, { at, windowMs }) {
      const lanes = Object.values(state.attachments);
      const most = total(lanes, (lane) => lane.limit);
      const taken = total(lanes, (lane) => lane.used);
      const [spaced, foreign] = [total(lanes, (lane) => lane.spaced), total(lanes, (lane) => lane.foreign)];
      setText(about, `${state.endpoint} · ${GRANULARITIES[state.granularity] ?? state.granularity ?? ''}`);
      setText(used, number(taken));
      setText(limit, ` of ${number(most)} calls of the ${windowName(windowMs)}`);
      setText(words, outlook(state, windowMs));
      setAttribute(words, 'data-waits', state.expectedMs !== 0);
      band.update([Math.max(0, taken - spaced - foreign), spaced, foreign], most);
      frees.update(
        lanes.map(({ frees }) => frees).reduce((all, each) => all.map((count, i) => count + (each[i] ?? 0))),
        windowMs,
      );
      moments.push([at, taken, state.waiting]);
      while (moments.length > 0 && moments[0][0] < at - SPAN_MS) moments.shift();
      minutes.update(moments, most, at);
      const counts = OUTCOMES.map(({ kind }) => state.requests[kind] ?? 0);
      served.update(counts, sum(state.requests));
      facts.waiting.set(number(state.waiting));
      facts.wait.set(state.expectedMs === undefined ? 'none can be asked' : duration(state.expectedMs));
      this.showSaved(state);
      rows(Object.keys(state.attachments)).forEach((row, i) => {
        row.update(lanes[i]);
      });
    },
    showSaved({ documents, endpoint, searchUnits, tokens, verified }) {
      const unit = endpoint === 'embeddings' ? 'tokens' : 'search units';
      const billed = endpoint === 'embeddings' ? tokens : searchUnits;
      const all = sum(documents);
      const saved = all - (documents?.upstream ?? 0);
      facts.asked.element.hidden = facts.saved.element.hidden = facts.drift.element.hidden = !documents;
      facts.asked.set(number(all));
      facts.saved.set(`${number(saved)} (${percent(saved, all)})`);
      const about = documents?.upstream > 0 ? Math.round((billed * saved) / documents.upstream) : 0;
      facts.billed.set(`${number(billed)} ${unit}${about > 0 ? `, about ${number(about)} saved` : ''}`);
      const { same = 0, ...others } = verified ?? {};
      const moved = sum(others);
      facts.drift.set(same + moved === 0 ? 'none yet' : `${number(same + moved)}, ${number(moved)} differed`);
    },
  };
};

export const models = () => {
  const cards = keyed(byId('models'), card);
  let history = {};
  return {
    /** @param {Record<string, [number, number, number][]>} rows by model */
    remember(rows) {
      history = rows;
    },
    update(snapshot) {
      const names = Object.keys(snapshot.models);
      cards(names).forEach((each, i) => {
        const rows = history[names[i]];
        if (rows) each.remember(rows);
        each.update(snapshot.models[names[i]], snapshot);
      });
      history = {};
    },
  };
};
