import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEPLOY, PROMETHEUS, readYaml } from './committed.ts';
import { DASHBOARD } from './dashboard-file.ts';

const PROVISIONING = join(DEPLOY, 'grafana', 'provisioning');

interface Sources {
  readonly apiVersion: number;
  readonly datasources: readonly {
    readonly type: string;
    readonly jsonData: { readonly timeInterval: string };
  }[];
}

interface Providers {
  readonly apiVersion: number;
  readonly providers: readonly { readonly type: string; readonly options: { readonly path: string } }[];
}

test('Grafana is told of a Prometheus, and how often that scrapes', () => {
  const { apiVersion, datasources } = readYaml<Sources>(join(PROVISIONING, 'datasources', 'prometheus.yml'));
  const { global } = readYaml<{ global: { scrape_interval: string } }>(join(PROMETHEUS, 'prometheus.yml'));
  expect(apiVersion).toBe(1);
  expect(datasources.map(({ type }) => type)).toEqual(['prometheus']);
  expect(datasources[0]?.jsonData.timeInterval).toBe(global.scrape_interval);
});

test('Grafana is told of a folder of its own for the dashboard', () => {
  const { apiVersion, providers } = readYaml<Providers>(
    join(PROVISIONING, 'dashboards', `${DASHBOARD.uid}.yml`),
  );
  expect(apiVersion).toBe(1);
  expect(providers).toHaveLength(1);
  expect(providers[0]?.type).toBe('file');
  expect(providers[0]?.options.path).toContain(DASHBOARD.uid);
});
