import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { promtool } from '../support/promtool.ts';
import { PROMETHEUS, yamlFilesIn } from './committed.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'test-promtool-'));
  cpSync(PROMETHEUS, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (): string => readFileSync(join(folder, 'prometheus.yml'), 'utf8');

test('promtool finds nothing wrong with the configuration, its rules and where the token is', () => {
  const token = join(folder, 'token');
  writeFileSync(token, 'a token');
  const path = '/etc/prometheus/rerank-gateway.token';
  expect(config()).toContain(`credentials_file: ${path}\n`);
  writeFileSync(join(folder, 'prometheus.yml'), config().replace(path, token));
  const { status, text } = promtool(['check', 'config', join(folder, 'prometheus.yml')]);
  expect(status, text).toBe(0);
  expect(text.match(/SUCCESS: \d+ rules found/g)).toHaveLength(yamlFilesIn(join(PROMETHEUS, 'rules')).length);
});

test('the configuration holds no token itself', () => {
  expect(config()).not.toMatch(/\bcredentials:|password|bearer_token:/);
});
