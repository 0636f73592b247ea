/** Tables that list what the code has are whole, and say nothing else. */

import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { NAMES } from '../../src/config/variables.ts';
import { familiesOf } from '../../src/metrics/families.ts';
import { createMetrics } from '../../src/metrics/registry.ts';
import { configOf, LIVE } from '../config/environments.ts';
import { readText } from './markdown.ts';

const PREFIX = 'gateway_';
/** An environment in which every variable has a meaning. */
const BASE = { ...LIVE, REDIS_URL: 'redis://localhost' };

/** The rows of the table that stands first under a heading, without its own heading: the text of each cell. */
const rowsUnder = (heading: string, markdown: string): string[][] => {
  const section = markdown.split(/^#+ /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => line.slice(2, -2).split(' | '));
};

/** What stands in a cell as code. */
const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe("the README's table of variables", () => {
  const rows = rowsUnder('Configuration', readText('README.md'));
  const variables = rows.flatMap(([names, defaults]) => {
    const values = codesIn(defaults);
    return codesIn(names).map((name, i) => [name, values[i]] as const);
  });

  test('has every variable once, but those that only Heroku sets', () => {
    const read = NAMES.filter((name) => name !== 'DYNO' && !name.startsWith('HEROKU_'));
    const others = ['NODE_ENV', 'UPSTREAMS', 'MODEL_LIMITS', 'GATEWAY_KEYS', 'CACHE_GRANULARITY'];
    const attachment = ['RERANK_URL', 'RERANK_KEY', 'RERANK_MODEL_ID'];
    expect(variables.map(([name]) => name).sort()).toEqual([...read, ...others, ...attachment].sort());
  });

  test.each(variables.filter(([, value]) => value !== undefined))('has the default of %s', (name, value) => {
    expect(configOf({ ...BASE, [name]: value })).toEqual(configOf(BASE));
    // Any other value makes a difference, or is a problem.
    expect(parseConfig({ ...BASE, [name]: name === 'NODE_ENV' ? 'test' : '7' })).not.toEqual(
      parseConfig(BASE),
    );
  });
});

describe('the table of metrics', () => {
  const rows = rowsUnder('Metrics and logs', readText('src/metrics/README.md'));

  test('has every metric of the gateway, with its labels and its type', async () => {
    const { registry } = createMetrics({ dyno: 'web.1', version: '1.0.0' });
    const ours = [...(await familiesOf(registry)).values()].filter(({ shape }) =>
      shape.name.startsWith(PREFIX),
    );
    const shown = ours.map(({ shape: { name, type, labels } }) => {
      const among = labels.length > 0 ? `{${labels.join(',')}}` : '';
      return `${name.slice(PREFIX.length)}${among} ${type}`;
    });
    expect(rows.map(([name, type]) => `${codesIn(name).join()} ${type}`).sort()).toEqual(shown.sort());
  });
});
