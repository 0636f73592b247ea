/** A card for each model: how much of the window is used, who waits and why, what the caches save. */

/** @import { AttachmentShown, HistoryShown, ModelShown, MomentShown, Snapshot } from '../shown.ts' */

import { band } from './band.js';
/** @import { Point } from './charts.js' */

import { SPAN_MS } from './charts.js';
import { byId, h, keyed, setAttribute, setText } from './dom.js';
import { savings } from './savings.js';
import { limited } from './window.js';
import { duration, health, number, outlook, percent, sum } from './words.js';

const OUTCOMES = /** @type {const} */ ([
  { name: 'hits', kind: 'hit' },
  { name: 'partial', kind: 'partial' },
  { name: 'misses', kind: 'miss' },
  { name: 'stale', kind: 'stale' },
  { name: 'without cache', kind: 'bypass' },
  { name: 'refused', kind: 'rejected' },
  { name: 'wrong', kind: 'invalid' },
  { name: 'failed', kind: 'error' },
]);

const GRANULARITIES = {
  document: 'every text is reused by itself',
  request: 'only the same texts together are reused',
  off: 'nothing is reused',
};

/**
 * @template T
 * @param {readonly T[]} all
 * @param {(one: T) => number} of
 */
const total = (all, of) => all.reduce((sum, one) => sum + of(one), 0);

/** @param {string} name */
const fact = (name) => {
  const value = h('dd');
  return {
    element: h('div', {}, h('dt', {}, name), value),
    /** @param {string} text */
    set: (text) => setText(value, text),
  };
};

/** @param {string} alias */
const attachmentRow = (alias) => {
  const state = h('span', { class: 'mark', 'aria-hidden': 'true' });
  const text = h('span');
  return {
    element: h('li', {}, state, h('b', {}, alias), ' ', text),
    /** @param {AttachmentShown} lane */
    update(lane) {
      const isWell = lane.standing === 'good' && !lane.alone;
      setAttribute(state, 'data-well', isWell);
      setText(state, isWell ? '✓' : '!');
      setText(text, `${number(lane.used)} of ${number(lane.limit)} · ${health(lane)}`);
    },
  };
};

/** @param {readonly AttachmentShown[]} lanes */
const callsOf = (lanes) => ({
  limit: total(lanes, ({ limit }) => limit),
  used: total(lanes, ({ used }) => used),
  spaced: total(lanes, ({ spaced }) => spaced),
  foreign: total(lanes, ({ foreign }) => foreign),
  frees: lanes.map(({ frees }) => frees),
});

/** Undefined for a model that has no limit of tokens. @param {readonly AttachmentShown[]} lanes */
const tokensOf = (lanes) => {
  const all = lanes.flatMap(({ tokens }) => tokens ?? []);
  if (all.length === 0) return undefined;
  return {
    limit: total(all, ({ limit }) => limit),
    used: total(all, ({ used }) => used),
    spaced: total(all, ({ spaced }) => spaced),
    foreign: total(all, ({ foreign }) => foreign),
    frees: all.map(({ frees }) => frees),
  };
};

/** @param {string} model */
const card = (model) => {
  const id = `model-${model}`;
  const about = h('p', { class: 'about' });
  const words = h('p', { class: 'words' });
  const [calls, tokens] = [limited('calls'), limited('tokens')];
  const served = band('Requests', OUTCOMES);
  const saved = savings();
  const facts = {
    waiting: fact('Calls waiting'),
    wait: fact('Wait predicted'),
    saved: fact('Texts saved'),
    verified: fact('Verified again'),
    moved: fact('Of these differed'),
  };
  const attachments = h('ul', { class: 'attachments' });
  const rows = keyed(attachments, attachmentRow);
  /** @type {MomentShown[]} */
  let moments = [];
  const element = h(
    'article',
    { class: 'card model', 'aria-labelledby': id, 'data-model': model },
    h('header', {}, h('h3', { id }, model), about),
    calls.figures,
    tokens.figures,
    words,
    calls.charts,
    tokens.charts,
    h('h4', {}, 'Requests'),
    served.element,
    saved.element,
    h('dl', { class: 'facts' }, ...Object.values(facts).map(({ element }) => element)),
    h('h4', {}, 'Attachments'),
    attachments,
  );
  return {
    element,
    /** @param {readonly MomentShown[]} past */
    remember(past) {
      moments = [...past];
    },
    /** @param {ModelShown} state @param {{at: number, windowMs: number}} snapshot */
    update(state, snapshot) {
      const { at, windowMs } = snapshot;
      const lanes = Object.values(state.attachments);
      const [ofCalls, ofTokens] = [callsOf(lanes), tokensOf(lanes)];
      const { granularity, documents, verified } = state;
      setText(about, `${state.endpoint}${granularity ? ` · ${GRANULARITIES[granularity]}` : ''}`);
      setText(words, outlook(state, windowMs));
      setAttribute(words, 'data-waits', state.expectedMs !== 0);
      moments.push([at, ofCalls.used, state.waiting, ofTokens?.used]);
      moments = moments.filter((moment) => moment[0] >= at - SPAN_MS);
      calls.update(
        ofCalls,
        moments.map(([at, used, waiting]) => [at, used, waiting]),
        snapshot,
      );
      tokens.figures.hidden = tokens.charts.hidden = ofTokens === undefined;
      if (ofTokens) {
        /** @type {Point[]} */
        const points = moments.flatMap(([at, , , used]) => (used === undefined ? [] : [[at, used, 0]]));
        tokens.update(ofTokens, points, snapshot);
      }
      served.update(
        OUTCOMES.map(({ kind }) => state.requests[kind] ?? 0),
        sum(state.requests),
      );
      saved.update(state);
      facts.waiting.set(number(state.waiting));
      facts.wait.set(state.expectedMs === undefined ? '–' : duration(state.expectedMs));
      for (const each of [facts.saved, facts.verified, facts.moved])
        each.element.hidden = verified === undefined;
      const texts = sum(documents);
      facts.saved.set(percent(texts - (documents?.upstream ?? 0), texts));
      const { same = 0 } = verified ?? {};
      facts.verified.set(number(sum(verified)));
      facts.moved.set(number(sum(verified) - same));
      for (const [i, row] of rows(Object.keys(state.attachments)).entries()) {
        const lane = lanes[i];
        if (lane) row.update(lane);
      }
    },
  };
};

export const models = () => {
  const cards = keyed(byId('models'), card);
  /** @type {HistoryShown} */
  let history = {};
  return {
    /** @param {HistoryShown} rows by model */
    remember(rows) {
      history = rows;
    },
    /** @param {Snapshot} snapshot */
    update(snapshot) {
      const all = Object.entries(snapshot.models);
      for (const [i, each] of cards(all.map(([name]) => name)).entries()) {
        const [name = '', state] = all[i] ?? [];
        const past = history[name];
        if (past) each.remember(past);
        if (state) each.update(state, snapshot);
      }
      history = {};
    },
  };
};
