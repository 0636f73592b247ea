import { describe, expect, test } from 'vitest';
import { dashboardText } from '../../deploy/grafana/dashboard/dashboard.ts';
import { DASHBOARD, DASHBOARD_TEXT, PANELS } from './dashboard-file.ts';
import * as runbook from './runbook.ts';

describe('the dashboard', () => {
  test('is what its source makes; else: npm run dashboard', () => {
    expect(DASHBOARD_TEXT === dashboardText()).toBe(true);
  });

  test('has no two panels with one id', () => {
    const ids = DASHBOARD.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has no two panels of one name in a row', () => {
    const names = PANELS.map(({ row, title }) => `${row} / ${title}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('puts no two panels on one place, and none beyond the edge', () => {
    const taken = new Set<string>();
    for (const { gridPos, title } of DASHBOARD.panels) {
      const { x, y, w, h } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect(taken, title).not.toContain(`${column} ${line}`);
          taken.add(`${column} ${line}`);
        }
      }
    }
  });

  test('has a row for every question', () => {
    const rows = DASHBOARD.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rows).toEqual(['At a glance', 'Services', 'Cache', 'Queue', 'Upstream', 'Redis', 'Dynos']);
  });

  test('can be narrowed to a source, a gateway, models, services and dynos, and told a price', () => {
    const names = DASHBOARD.templating.list.map(({ name }) => name);
    expect(names).toEqual(['datasource', 'job', 'model', 'client', 'dyno', 'price']);
  });

  test('asks for no variable that is not there', () => {
    const names = new Set(DASHBOARD.templating.list.map(({ name }) => name));
    const used = [...DASHBOARD_TEXT.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
    expect(used.filter((name) => !names.has(name) && !name.startsWith('__'))).toEqual([]);
    expect([...names].filter((name) => !used.includes(name))).toEqual([]);
  });

  test('gives every query of a panel a letter of its own', () => {
    for (const { targets, title } of PANELS) {
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    }
  });
});

test('every panel that the runbook names is there', () => {
  const names = new Set(PANELS.map(({ row, title }) => `${row} / ${title}`));
  expect(runbook.PANELS.length).toBeGreaterThan(0);
  expect(runbook.PANELS.filter((name) => !names.has(name))).toEqual([]);
});
