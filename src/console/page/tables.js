/** Services, and the processes of the fleet: a table each. */

/** @import { ServiceShown, Snapshot } from '../shown.ts' */

import { byId, h, keyed, setText } from './dom.js';
import { duration, number, percent, sum } from './words.js';

const MINUTE_MS = 60_000;

/**
 * @param {string} id of the heading
 * @param {string} title
 * @param {readonly string[]} columns the first names the row
 * @param {{name: string, columns: readonly string[]}} [group] further columns, under a name of their own
 */
const table = (id, title, columns, group) => {
  const body = h('tbody');
  /** @param {string} name */
  const row = (name) => {
    const cells = [...columns.slice(1), ...(group?.columns ?? [])].map(() => h('td'));
    return { element: h('tr', { 'data-row': name }, h('th', { scope: 'row' }, name), ...cells), cells };
  };
  const rows = keyed(body, row);
  const rowspan = group ? 2 : undefined;
  const head = h(
    'thead',
    {},
    h(
      'tr',
      {},
      ...columns.map((name) => h('th', { scope: 'col', rowspan }, name)),
      group && h('th', { scope: 'colgroup', colspan: group.columns.length }, group.name),
    ),
    group && h('tr', {}, ...group.columns.map((name) => h('th', { scope: 'col' }, name))),
  );
  return {
    element: h(
      'div',
      { class: 'card' },
      h('h3', { id }, title),
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': id },
        h('table', { class: group ? 'wide even' : 'even' }, head, body),
      ),
    ),
    /** @param {readonly (readonly [name: string, ...cells: string[]])[]} lines */
    update(lines) {
      for (const [i, { cells }] of rows(lines.map(([name]) => name)).entries()) {
        for (const [column, cell] of cells.entries()) setText(cell, lines[i]?.[column + 1] ?? '');
      }
    },
  };
};

const COLUMNS = ['Service', 'Due', 'Calls, last minute', 'Requests', 'Hits', 'Waiting', 'Quota left'];

/** Why requests are refused. A column each, also while there are none: a list in words would push the rows about. */
const REFUSALS = {
  wait_too_long: 'wait too long',
  quota_exhausted: 'quota used up',
  queue_full: 'queue full',
  upstream_throttled: 'upstream paused',
  buffer_full: 'no room',
  draining: 'shutting down',
  not_cached: 'not cached',
};

export const services = () => {
  const shown = table('services-title', 'Services', COLUMNS, {
    name: 'Refused',
    columns: Object.values(REFUSALS),
  });
  byId('services').append(shown.element);
  /** Upstream calls by service, of the last minute at most. @type {{at: number, calls: Map<string, number>}[]} */
  let past = [];

  /** Calls of the last minute by service. @param {number} at @param {Snapshot['services']} all */
  const madeLately = (at, all) => {
    const calls = new Map(Object.entries(all).map(([name, service]) => [name, service.calls]));
    past.push({ at, calls });
    past = past.filter((moment) => moment.at >= at - MINUTE_MS);
    const since = past[0]?.calls;
    return new Map(
      [...calls].map(([name, count]) => [name, Math.max(0, count - (since?.get(name) ?? count))]),
    );
  };

  /** @param {Snapshot} snapshot */
  return ({ at, services: all }) => {
    const made = madeLately(at, all);
    const calls = [...made.values()].reduce((sum, count) => sum + count, 0);
    const weights = Object.values(all).reduce((sum, { weight }) => sum + weight, 0);
    /** @param {string} name @param {ServiceShown} service @returns {[string, ...string[]]} */
    const line = (name, { weight, requests, refusals, waiting, quota }) => {
      const own = made.get(name) ?? 0;
      return [
        name,
        percent(weight, weights),
        `${number(own)} (${percent(own, calls)})`,
        number(sum(requests)),
        percent(requests.hit ?? 0, sum(requests)),
        number(waiting),
        quota ? `${number(quota.remaining)} of ${number(quota.limit)}` : 'no quota',
        ...Object.keys(REFUSALS).map((reason) => number(refusals[reason])),
      ];
    };
    shown.update(Object.entries(all).map(([name, service]) => line(name, service)));
  };
};

export const fleet = () => {
  const shown = table('fleet-title', 'Processes', [
    'Process',
    'Version',
    'Node',
    'Age',
    'Requests',
    'Under way',
    'Limit',
  ]);
  byId('fleet').append(shown.element);
  /** @param {Snapshot} snapshot */
  return ({ at, dynos, gateway }) => {
    shown.element.hidden = dynos === undefined;
    shown.update(
      Object.entries(dynos ?? {}).map(
        ([name, { version, node, release, started, requests, inFlight, alone }]) => [
          name,
          release ? `${version} (${release})` : (version ?? '–'),
          node ?? '–',
          started ? duration(Math.max(0, at - 1000 * started)) : '–',
          number(requests),
          number(inFlight),
          gateway.redis === 'none' ? 'its own' : alone ? 'alone' : 'shared',
        ],
      ),
    );
  };
};
