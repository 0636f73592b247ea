/** deploy/prometheus as a test runs it: only where it looks, where the token is, and how often, is another. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROMETHEUS, yamlFilesIn } from './committed.ts';

export interface Deployed {
  readonly folder: string;
  remove(): void;
}

export interface DeployOptions {
  /** host:port, spoken to over HTTP. */
  readonly target: string;
  readonly token: string;
}

/** Replaces what must be there. */
const swap = (text: string, from: string | RegExp, to: string): string => {
  if (text.search(from) < 0) throw new Error(`There is no ${from} to replace`);
  return text.replaceAll(from, to);
};

export const deploy = ({ target, token }: DeployOptions): Deployed => {
  const folder = mkdtempSync(join(tmpdir(), 'test-deployed-'));
  cpSync(PROMETHEUS, folder, { recursive: true });
  const edit = (path: string, change: (text: string) => string): void =>
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  edit(join(folder, 'prometheus.yml'), (text) => {
    const there = swap(swap(text, 'scheme: https', 'scheme: http'), 'gateway.example.com', target);
    const known = swap(there, '/etc/prometheus/rerank-gateway.token', tokenFile);
    return swap(
      swap(known, 'scrape_interval: 15s', 'scrape_interval: 250ms'),
      'evaluation_interval: 15s',
      'evaluation_interval: 1s',
    );
  });
  for (const path of yamlFilesIn(join(folder, 'rules'))) {
    edit(path, (text) => text.replaceAll('interval: 1m', 'interval: 1s'));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
};
