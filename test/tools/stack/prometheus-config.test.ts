import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { localConfig } from '../../../src/tools/stack/prometheus-config.ts';

const FOLDER = new URL('../../../deploy/prometheus', import.meta.url).pathname;
const deployed = readFileSync(`${FOLDER}/prometheus.yml`, 'utf8');

const FLEET = {
  url: 'http://127.0.0.1:4001',
  tokenFile: '/tmp/token',
  folder: FOLDER,
};

describe('the configuration of a local Prometheus', () => {
  const before = parse(deployed);
  const after = parse(localConfig(deployed, FLEET));

  test('scrapes one gateway of this machine, with its token', () => {
    for (const scrape of after.scrape_configs) {
      expect(scrape).toMatchObject({
        scheme: 'http',
        authorization: { credentials_file: '/tmp/token' },
        static_configs: [{ targets: ['127.0.0.1:4001'] }],
      });
    }
  });

  test('finds the rules that are deployed', () => {
    expect(before.rule_files.length).toBeGreaterThan(0);
    expect(after.rule_files).toEqual(before.rule_files.map((path: string) => `${FOLDER}/${path}`));
    const absolute = localConfig('rule_files: [/etc/rules.yml]\nscrape_configs: []\n', FLEET);
    expect(parse(absolute).rule_files).toEqual(['/etc/rules.yml']);
  });

  test('is the deployed one in everything else', () => {
    const rest = ({ scheme, authorization, static_configs, ...scrape }: Record<string, unknown>) => scrape;
    expect(after.scrape_configs.map(rest)).toEqual(before.scrape_configs.map(rest));
    const { scrape_interval, evaluation_interval, ...global } = before.global;
    expect(after.global).toEqual({ ...global, scrape_interval: '5s', evaluation_interval: '5s' });
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(after.alerting).toEqual(before.alerting);
  });
});
