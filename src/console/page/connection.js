/** How the connection is, and what one should know before one reads the numbers. Nothing of it moves what is read. */

/** @import { Snapshot } from '../shown.ts' */

import { byId, h, setAttribute, setText } from './dom.js';
import { duration } from './words.js';

/** One word each: it is read out whenever it changes. */
const STATES = {
  off: 'Not connected',
  connecting: 'Connecting',
  live: 'Live',
  draining: 'Shutting down',
  lost: 'Connection lost',
};

/** @param {keyof typeof STATES} state */
export const setState = (state) => {
  setAttribute(byId('state'), 'data-state', state);
  setText(byId('state-text'), STATES[state]);
  setAttribute(byId('shown'), 'data-old', state !== 'live');
  const lost = byId('lost');
  const hadFocus = lost.contains(document.activeElement);
  lost.hidden = state !== 'lost';
  if (hadFocus && lost.hidden) byId('content').focus({ preventScroll: true });
};

/** When the next attempt is made, and why there has to be one. @param {string | undefined} why @param {number} until */
export const countDown = (why, until) => {
  const left = Math.max(0, until - Date.now());
  setState('lost');
  setText(byId('lost-why'), why ?? 'The connection is lost.');
  setText(
    byId('lost-when'),
    `Next attempt ${left > 0 ? `in ${duration(Math.ceil(left / 1000) * 1000)}` : 'now'}`,
  );
};

/** @param {Snapshot} snapshot */
const noticesOf = ({ gateway, models, caller }) => {
  const { redis, reason, alone, draining } = gateway;
  const counts = Object.values(models).flatMap(({ requests }) => Object.values(requests));
  return [
    draining ? 'This process is shutting down: it finishes what it has.' : '',
    redis !== 'none' && redis !== 'up'
      ? `Redis is in trouble (${redis}${reason ? `, ${reason}` : ''}). Requests are answered all the same: each process has its own cache and its share of the limit.`
      : '',
    redis === 'up' && alone
      ? `The limit is not shared at the moment${reason ? ` (${reason})` : ''}: each process keeps to its share.`
      : '',
    counts.every((count) => count === 0)
      ? `No request ${caller.admin ? '' : 'of this service '}yet. The numbers start with the first one.`
      : '',
  ].filter((text) => text !== '');
};

/** @param {Snapshot | undefined} snapshot undefined: nothing is known */
export const showNotices = (snapshot) => {
  const texts = snapshot ? noticesOf(snapshot) : [];
  const said = texts.join('\n');
  const box = byId('notices');
  // A text that is the same is not read out again.
  if ((box.dataset.said ?? '') === said) return;
  box.dataset.said = said;
  box.replaceChildren(...texts.map((text) => h('p', { class: 'notice' }, text)));
};
