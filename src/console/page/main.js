/** The page: the key, the connection, and what is shown while there is one. */

/** @import { Snapshot } from '../shown.ts' */
/** @import { State } from './stream.js' */

import { countDown, setState, showNotices } from './connection.js';
import { byId, control, setText } from './dom.js';
import { models } from './live.js';
import { playground } from './playground.js';
import { connect } from './stream.js';
import { fleet, services } from './tables.js';
import { turnToView } from './views.js';
import { why } from './why.js';

const KEY = 'gateway-key';
const isOpen = document.body.dataset.keys === 'none';

const keyOf = () => sessionStorage.getItem(KEY) ?? undefined;
const cards = models();
const updates = [cards.update, services(), fleet(), playground(keyOf)];
why(keyOf);
/** @type {ReturnType<typeof connect> | undefined} */
let connection;
let countdown = 0;

/** @type {Readonly<Record<string, string>>} */
const REDIS = { none: 'no Redis', up: 'Redis is well' };

/** @param {Snapshot} snapshot */
const show = (snapshot) => {
  const { gateway, caller } = snapshot;
  const form = byId('key-form');
  const hadFocus = form.contains(document.activeElement);
  byId('shown').hidden = false;
  form.hidden = true;
  if (hadFocus) byId('content').focus();
  byId('leave').hidden = isOpen;
  setState(gateway.draining ? 'draining' : 'live');
  const redis = REDIS[gateway.redis] ?? `Redis: ${gateway.redis}`;
  const name = `${caller.name}${caller.admin ? ' (admin)' : ''}`;
  setText(byId('about'), [redis, gateway.dyno, `version ${gateway.version}`, name].join(' · '));
  showNotices(snapshot);
  for (const update of updates) update(snapshot);
};

const askForKey = (problem = '') => {
  byId('shown').hidden = true;
  byId('leave').hidden = true;
  byId('key-form').hidden = false;
  setText(byId('about'), '');
  setText(byId('key-problem'), problem);
  showNotices(undefined);
  setState('off');
};

/** @param {State} is */
const onState = (is) => {
  clearInterval(countdown);
  if (is.state === 'connecting') setState('connecting');
  if (is.state === 'key') {
    sessionStorage.removeItem(KEY);
    askForKey('This key is not one of the gateway’s.');
    byId('key').focus();
  }
  if (is.state === 'lost') {
    const until = Date.now() + is.waitMs;
    countDown(is.why, until);
    countdown = setInterval(countDown, 1000, is.why, until);
  }
};

/** @param {string | undefined} key */
const start = (key) => {
  connection?.stop();
  clearInterval(countdown);
  connection = connect({ key, onHistory: cards.remember, onSnapshot: show, onState });
};

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = control('key', HTMLInputElement);
  const key = field.value.trim();
  sessionStorage.setItem(KEY, key);
  field.value = '';
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

turnToView();
// Nobody looks: a browser has few connections for a server, and a server few for those who look.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') resume();
  else connection?.stop();
});
resume();
