/** The app on a machine or in a container, by what `deploy/` says of each: tried in a plain folder. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { PROCFILE } from '../heroku/manifest.ts';
import { freePort, runOnDyno, untilAnswered } from '../heroku/slug.ts';
import { ROOT } from '../support/clean-copy.ts';
import { KEYS, LIMITS, UPSTREAM_KEY } from '../support/gateway.ts';

const SERVICE = join(ROOT, 'deploy/rerank-gateway.service');
const service = readFileSync(SERVICE, 'utf8');

/** The recipe's instructions in their order, lines joined and without comments. */
const recipe = readFileSync(join(ROOT, 'deploy/Containerfile'), 'utf8')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, '')
  .split('\n')
  .flatMap((line) => {
    const [, word = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    return word === '' ? [] : [{ word, rest }];
  });

const said = (word: string): string[] => recipe.filter((each) => each.word === word).map(({ rest }) => rest);

/** What it starts at last. */
const COMMAND = (JSON.parse(said('CMD').at(-1)!) as string[]).join(' ');
const EXEC_START = /^ExecStart=(.+)$/m.exec(service)?.[1] ?? '';

/** Follows the first stage of the recipe: copies what it copies, runs what it runs. */
const build = (folder: string): void => {
  const stage = recipe.slice(
    1,
    recipe.findIndex(({ word }, i) => i > 0 && word === 'FROM'),
  );
  for (const { word, rest } of stage) {
    if (word === 'COPY') {
      const [target = '', ...sources] = rest.split(' ').reverse();
      for (const source of sources) {
        cpSync(join(ROOT, source), join(folder, target === './' ? source : target), { recursive: true });
      }
    }
    if (word === 'RUN') {
      const env = { ...process.env, npm_config_prefer_offline: 'true' };
      execFileSync('sh', ['-c', rest], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    }
  }
};

describe('the unit for systemd', () => {
  const verify = (file: string) => spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });

  test('has nothing that systemd objects to', () => {
    const { status, stdout, stderr } = verify(SERVICE);
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('would have, with a mistake', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unit-'));
    const file = join(folder, 'wrong.service');
    writeFileSync(file, service.replace('RestartSec=1', 'RestartSeconds=1'));
    expect(verify(file).stderr).toContain('RestartSeconds');
    rmSync(folder, { recursive: true });
  });

  test('gives a drain its time, and does not try again what a configuration forbids', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(service)?.[1])).toBeGreaterThan(25);
    expect(service).toContain('RestartPreventExitStatus=2\n');
  });
});

test('all start the gateway with the same words as the Procfile', () => {
  expect(COMMAND).toBe(PROCFILE.web);
  expect(EXEC_START).toBe(`/usr/bin/env ${PROCFILE.web}`);
});

describe('what the recipe of a container builds', () => {
  let folder: string;
  let simulator: Simulator;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'container-'));
    simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
    build(folder);
  }, 240_000);
  afterAll(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ['container', COMMAND],
    ['unit', EXEC_START],
  ])('is healthy, answers, and ends when told: started as the %s does', async (_, command) => {
    const port = await freePort();
    const env = {
      ...{ NODE_ENV: 'production', PORT: String(port), GATEWAY_KEYS: `search:${KEYS.search}` },
      ...{ RERANK_URL: simulator.url, RERANK_KEY: UPSTREAM_KEY },
    };
    const app = { folder, size: () => 0, [Symbol.dispose]() {} };
    await using dyno = runOnDyno(app, `exec ${command}`, env);
    const url = `http://127.0.0.1:${port}`;
    expect((await untilAnswered(`${url}/readyz`, dyno)).status).toBe(200);
    const answer = await fetch(`${url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.search}` },
      body: JSON.stringify({ model: Object.keys(LIMITS)[0], query: 'lift', documents: ['heat', 'lift'] }),
    });
    expect(answer.status).toBe(200);
    const [health = ''] = said('HEALTHCHECK').map((rest) => rest.replace(/^.*? CMD /, ''));
    const { code } = await runOnDyno(app, health, { PORT: String(port) }).ended;
    expect(code).toBe(0);
    dyno.terminate();
    expect((await dyno.ended).code).toBe(0);
    expect((await runOnDyno(app, health, { PORT: String(port) }).ended).code).toBe(1);
  });
});
