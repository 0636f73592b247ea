/** The page: the key, the connection, and what is shown while there is one. */

import { byId, h, setAttribute, setText } from './dom.js';
import { models } from './live.js';
import { playground } from './playground.js';
import { connect } from './stream.js';
import { fleet, services } from './tables.js';
import { why } from './why.js';
import { duration } from './words.js';

const KEY = 'gateway-key';
const isOpen = document.body.dataset.keys === 'none';

const keyOf = () => sessionStorage.getItem(KEY) ?? undefined;
const shown = { models: models(), services: services(), fleet: fleet(), playground: playground(keyOf) };
why(keyOf);
let connection;
let countdown;

const setState = (state, text) => {
  setAttribute(byId('state'), 'data-state', state);
  setText(byId('state-text'), text);
  byId('retry').hidden = state !== 'lost';
  setAttribute(byId('shown'), 'data-old', state !== 'live');
};

/** What one should know before one reads the numbers. */
const noticesOf = ({ gateway, models, caller }) => {
  const { redis, reason, alone, draining } = gateway;
  const requests = Object.values(models).flatMap(({ requests }) => Object.values(requests));
  return [
    draining && 'This process is shutting down: it finishes what it has.',
    redis !== 'none' &&
      redis !== 'up' &&
      `Redis is in trouble (${redis}${reason ? `, ${reason}` : ''}). Requests are answered all the same: each process has its own cache and its share of the limit.`,
    redis === 'up' &&
      alone &&
      `The limit is not shared at the moment${reason ? ` (${reason})` : ''}: each process keeps to its share.`,
    requests.every((count) => count === 0) &&
      `No request ${caller.admin ? '' : 'of this service '}yet. The numbers below start with the first one.`,
  ].filter(Boolean);
};

const showNotices = (texts) => {
  const said = texts.join('\n');
  const box = byId('notices');
  if (box.dataset.said === said) return;
  box.dataset.said = said;
  box.replaceChildren(...texts.map((text) => h('p', { class: 'notice' }, text)));
};

const REDIS = { none: 'no Redis', up: 'Redis is well' };

const show = (snapshot) => {
  const { gateway, caller } = snapshot;
  byId('shown').hidden = false;
  byId('key-form').hidden = true;
  byId('leave').hidden = isOpen;
  setState(gateway.draining ? 'draining' : 'live', gateway.draining ? 'Shutting down' : 'Live');
  setText(
    byId('about'),
    `${caller.name}${caller.admin ? ' (admin)' : ''} · ${gateway.dyno} · version ${gateway.version} · ${REDIS[gateway.redis] ?? `Redis: ${gateway.redis}`}`,
  );
  showNotices(noticesOf(snapshot));
  for (const update of [shown.models.update, shown.services, shown.fleet, shown.playground]) update(snapshot);
};

const askForKey = (problem = '') => {
  byId('shown').hidden = true;
  byId('leave').hidden = true;
  byId('key-form').hidden = false;
  setText(byId('about'), '');
  setText(byId('key-problem'), problem);
  setState('off', 'Not connected');
};

const countDown = (until, why) => {
  const left = Math.max(0, until - Date.now());
  const text = why ? `${why} ` : 'The connection is lost. ';
  setState(
    'lost',
    `${text}Next attempt ${left > 0 ? `in ${duration(Math.ceil(left / 1000) * 1000)}` : 'now'}`,
  );
};

const onState = ({ state, why, waitMs }) => {
  clearInterval(countdown);
  if (state === 'connecting') setState('connecting', 'Connecting');
  if (state === 'key') {
    sessionStorage.removeItem(KEY);
    askForKey('This key is not one of the gateway’s.');
    byId('key').select();
  }
  if (state === 'lost') {
    const until = Date.now() + waitMs;
    countDown(until, why);
    countdown = setInterval(countDown, 1000, until, why);
  }
};

const start = (key) => {
  connection?.stop();
  clearInterval(countdown);
  connection = connect({ key, onHistory: shown.models.remember, onSnapshot: show, onState });
};

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = byId('key').value.trim();
  sessionStorage.setItem(KEY, key);
  byId('key').value = '';
  setText(byId('key-problem'), '');
  start(key);
});
byId('leave').addEventListener('click', () => {
  sessionStorage.removeItem(KEY);
  connection?.stop();
  clearInterval(countdown);
  askForKey();
  byId('key').focus();
});
byId('retry').addEventListener('click', () => connection?.retry());

const resume = () => {
  const key = keyOf();
  if (isOpen || key) start(key);
  else askForKey();
};

/** Shows the view that the address names. */
const turn = () => {
  const views = [...document.querySelectorAll('[data-view]')];
  const chosen = views.find(({ id }) => `#${id}` === location.hash) ?? views[0];
  for (const view of views) view.hidden = view !== chosen;
  for (const link of document.querySelectorAll('.views a')) {
    if (link.hash === `#${chosen.id}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
};
addEventListener('hashchange', turn);
turn();

// Nobody looks: a browser has few connections for a server, and a server few for those who look.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') resume();
  else connection?.stop();
});
resume();
