import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { promtool } from '../support/promtool.ts';
import { ALERTS, PROMETHEUS, RECORDINGS, readYaml, yamlFilesIn } from './committed.ts';

interface AlertCase {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

interface CaseFile {
  readonly tests: readonly { readonly alert_rule_test?: readonly AlertCase[] }[];
}

const CASES = yamlFilesIn(join(PROMETHEUS, 'tests')).flatMap((path) =>
  readYaml<CaseFile>(path).tests.flatMap((one) => one.alert_rule_test ?? []),
);

describe('promtool', () => {
  test('finds nothing wrong with the rules', () => {
    const { status, text } = promtool([
      'check',
      'rules',
      '--lint-fatal',
      ...yamlFilesIn(join(PROMETHEUS, 'rules')),
    ]);
    expect(text).not.toMatch(/FAILED|error|duplicate/i);
    expect(status).toBe(0);
  });

  test.each(yamlFilesIn(join(PROMETHEUS, 'tests')))('sees the rules do what %s says', (path) => {
    const { status, text } = promtool(['test', 'rules', path]);
    expect(text).toContain('SUCCESS');
    expect(status, text).toBe(0);
  });
});

describe.each(ALERTS)('$alert', ({ alert, labels, annotations, expr }) => {
  test('says how urgent it is, what is the matter and where to read on', () => {
    expect(labels).toEqual({ severity: expect.stringMatching(/^(page|ticket)$/), service: 'rerank-gateway' });
    expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
    expect(annotations.runbook_url).toBe(`{{ $externalLabels.runbook }}#${alert.toLowerCase()}`);
  });

  test('is shown to fire, and to keep quiet', () => {
    const cases = CASES.filter(({ alertname }) => alertname === alert).map(
      ({ exp_alerts }) => exp_alerts.length > 0,
    );
    expect(new Set(cases)).toEqual(new Set([true, false]));
  });

  test('has no rate of a sum', () => {
    expect(expr).not.toMatch(/(rate|increase|resets)\s*\(\s*(sum|max|avg|min)\b/);
  });
});

test('no recording rule takes the rate of a sum', () => {
  for (const { expr } of RECORDINGS) expect(expr).not.toMatch(/(rate|increase)\s*\(\s*(sum|max|avg|min)\b/);
});

test('every recording rule is named by its labels, its metric and what was done to it', () => {
  for (const { record } of RECORDINGS) expect(record).toMatch(/^job(_\w+)?:gateway_\w+:\w+$/);
});
