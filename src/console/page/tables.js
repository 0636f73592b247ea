/** Services, and the processes of the fleet: a table each. */

import { byId, h, keyed, setText } from './dom.js';
import { duration, number, percent, sum } from './words.js';

const MINUTE_MS = 60_000;

/**
 * @param {string} id of the heading
 * @param {string} title
 * @param {readonly string[]} columns the first names the row
 */
const table = (id, title, columns) => {
  const body = h('tbody');
  const row = (name) => {
    const cells = columns.slice(1).map(() => h('td'));
    return { element: h('tr', { 'data-row': name }, h('th', { scope: 'row' }, name), ...cells), cells };
  };
  const rows = keyed(body, row);
  const head = h('thead', {}, h('tr', {}, ...columns.map((name) => h('th', { scope: 'col' }, name))));
  return {
    element: h(
      'div',
      { class: 'card' },
      h('h3', { id }, title),
      h(
        'div',
        { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': id },
        h('table', { class: 'wide' }, head, body),
      ),
    ),
    /** @param {readonly (readonly [string, ...string[]])[]} lines */
    update(lines) {
      rows(lines.map(([name]) => name)).forEach(({ cells }, i) => {
        for (const [column, cell] of cells.entries()) setText(cell, lines[i][column + 1]);
      });
    },
  };
};

const COLUMNS = [
  'Service',
  'Due',
  'Calls, last minute',
  'Requests',
  'Hits',
  'Waiting',
  'Refused',
  'Quota left',
];

export const services = () => {
  const shown = table('services-title', 'Services', COLUMNS);
  byId('services').append(shown.element);
  /** Upstream calls by service, of the last minute at most. */
  const past = [];
  return ({ at, services: all }) => {
    const names = Object.keys(all);
    past.push({ at, calls: new Map(names.map((name) => [name, all[name].calls])) });
    while (past.length > 1 && past[0].at < at - MINUTE_MS) past.shift();
    const since = past[0].calls;
    const made = new Map(
      names.map((name) => [name, Math.max(0, all[name].calls - (since.get(name) ?? all[name].calls))]),
    );
    const [calls, weights] = [
      [...made.values()].reduce((sum, count) => sum + count, 0),
      names.reduce((sum, name) => sum + all[name].weight, 0),
    ];
    shown.update(
      names.map((name) => {
        const { weight, requests, refusals, waiting, quota } = all[name];
        const refused = Object.entries(refusals).map(
          ([why, count]) => `${why.replaceAll('_', ' ')} ${number(count)}`,
        );
        const left = quota && `${number(quota.remaining)} of ${number(quota.limit)}`;
        return [
          name,
          percent(weight, weights),
          `${number(made.get(name))} (${percent(made.get(name), calls)})`,
          number(sum(requests)),
          percent(requests.hit ?? 0, sum(requests)),
          number(waiting),
          refused.length > 0 ? refused.join(', ') : '0',
          left ?? 'no quota',
        ];
      }),
    );
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
  return ({ at, dynos, gateway }) => {
    shown.element.hidden = !dynos;
    if (!dynos) return;
    shown.update(
      Object.entries(dynos).map(([name, { version, node, release, started, requests, inFlight, alone }]) => [
        name,
        release ? `${version} (${release})` : (version ?? '–'),
        node ?? '–',
        started ? duration(Math.max(0, at - 1000 * started)) : '–',
        number(requests),
        number(inFlight),
        gateway.redis === 'none' ? 'its own' : alone ? 'alone' : 'shared',
      ]),
    );
  };
};
