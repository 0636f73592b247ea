import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { LIMITS, metric, UPSTREAM_KEY } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { configVars, MANIFEST } from './manifest.ts';
import { readmeCurl } from './readme-curl.ts';
import { buildSlug, freePort, platform, runOnDyno, type Slug, startDyno, untilAnswered } from './slug.ts';

let slug: Slug;
let redis: TestRedis;
let simulator: Simulator;
beforeAll(async () => {
  redis = await startRedis();
  simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
  slug = buildSlug();
}, 240_000);
afterAll(async () => {
  slug?.[Symbol.dispose]();
  await simulator.close();
  await redis.stop();
});

/** What the add-ons set. */
const attached = () => ({ RERANK_URL: simulator.url, RERANK_KEY: UPSTREAM_KEY, REDIS_URL: redis.url });

/** The two of the wing come before the slab's: whoever answers has read the documents. */
const isAnswer = async (answer: Response): Promise<void> => {
  expect(answer.status).toBe(200);
  const { results } = (await answer.json()) as { results: { index: number }[] };
  expect(results[0]!.index).toBe(1);
  expect(results).toHaveLength(2);
};

describe('what Heroku builds: install, build, prune', () => {
  test('holds no package that only development needs', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(slug.folder, 'package.json'), 'utf8'),
    );
    const installed = (name: string) => existsSync(join(slug.folder, 'node_modules', name));
    expect(Object.keys(devDependencies).filter(installed)).toEqual([]);
    expect(Object.keys(dependencies).filter((name) => !installed(name))).toEqual([]);
    console.log(
      `pruned app: ${(slug.size() / 1024).toFixed(1)} MB on disk, ` +
        `of which node_modules ${(slug.size('node_modules') / 1024).toFixed(1)} MB`,
    );
  });

  test('passes the release phase with what the add-ons set, and shows no secret there', async () => {
    const env: Record<string, string> = {
      ...platform(0),
      ...configVars(MANIFEST),
      ...attached(),
      DYNO: 'release.1',
    };
    const { code, output } = await startDyno(slug, 'release', env).ended;
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining('"production": true'),
    });
    for (const secret of [env.GATEWAY_KEYS, env.METRICS_TOKEN, UPSTREAM_KEY]) {
      expect(output.includes(secret!)).toBe(false);
    }
  });

  test('stops a release without its add-ons, and says what is missing', async () => {
    const { code, output } = await startDyno(slug, 'release', { ...platform(0), ...configVars(MANIFEST) })
      .ended;
    expect(code).toBe(2);
    expect(output).toContain('RERANK_URL: is required');
  });

  test("answers the README's first request, tells what runs, and ends with 0", async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const env: Record<string, string> = { ...platform(port), ...configVars(MANIFEST), ...attached() };
    await using dyno = startDyno(slug, 'web', env);
    expect((await untilAnswered(origin + MANIFEST.success_url, dyno)).status).toBe(200);
    // Files that the compiler does not make, and a package's.
    for (const path of ['/', '/console/main.js', '/docs/reference.js', '/docs/swagger-ui.css']) {
      expect([path, (await fetch(origin + path)).status]).toEqual([path, 200]);
    }

    expect((await readmeCurl(origin)).status).toBe(401);
    await isAnswer(await readmeCurl(origin, env.GATEWAY_KEYS!));
    const scrape = await fetch(`${origin}/metrics`, {
      headers: { authorization: `Bearer ${env.METRICS_TOKEN}` },
    });
    const running = { dyno: 'web.1', release: 'v42', commit: '2c3a0b24069af49b3de35b8e8c26765c1dba9ff0' };
    expect(metric(await scrape.text(), 'gateway_build_info', running)).toBe(1);

    // Slow enough to be under way when the signals come.
    simulator.latency([500, 500]);
    const calls = simulator.calls.length;
    const last = fetch(`${origin}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.GATEWAY_KEYS}` },
      body: JSON.stringify({ model: 'cohere-rerank-3-5', query: 'last', documents: ['one', 'two'] }),
    });
    await expect.poll(() => simulator.calls.length).toBe(calls + 1);
    dyno.terminate();
    expect((await last).status).toBe(200);
    expect((await dyno.ended).code).toBe(0);
    simulator.latency([0, 0]);
    expect(dyno.output()).not.toContain('no watchdog');
    for (const secret of [env.GATEWAY_KEYS, env.METRICS_TOKEN, UPSTREAM_KEY]) {
      expect(dyno.output().includes(secret!)).toBe(false);
    }
  });

  test('is a review app too: without any add-on, the simulator answers whoever has the key, and it describes itself', async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const { review } = MANIFEST.environments;
    const env: Record<string, string> = { ...platform(port), ...configVars(review) };
    expect((await startDyno(slug, 'release', { ...env, DYNO: 'release.1' }).ended).code).toBe(0);

    await using dyno = startDyno(slug, 'web', env);
    expect((await untilAnswered(origin + MANIFEST.success_url, dyno)).status).toBe(200);
    expect((await readmeCurl(origin)).status).toBe(401);
    expect((await fetch(`${origin}/metrics`)).status).toBe(401);
    for (const path of ['/openapi.json', '/docs', '/docs/swagger-ui-bundle.js', '/docs/reference.js']) {
      expect([path, (await fetch(origin + path)).status]).toEqual([path, 200]);
    }
    await isAnswer(await readmeCurl(origin, env.GATEWAY_KEYS!));
    expect(dyno.output()).toContain('lexical');
    dyno.terminate();
    expect((await dyno.ended).code).toBe(0);
  });
});

describe('in what Heroku has pruned, an operator types', () => {
  const onDyno = (command: string, env: Record<string, string> = {}) =>
    runOnDyno(slug, command, { ...platform(0), ...configVars(MANIFEST), ...attached(), ...env });

  test('npm run check-config, and reads what the environment comes to', async () => {
    const { code, output } = await onDyno('npm run --silent check-config').ended;
    expect({ code, config: JSON.parse(output) }).toMatchObject({
      code: 0,
      config: { production: true, dyno: 'web.1', release: 'v42' },
    });
  });

  test('npm run check-config, and reads what is wrong with it', async () => {
    const { code, output } = await onDyno('npm run --silent check-config', { MAX_QUEUE: 'many' }).ended;
    expect({ code, output }).toMatchObject({
      code: 2,
      output: expect.stringContaining('MAX_QUEUE: must be'),
    });
  });

  test('npm run check-config -- --live, and reads whether all of it can be used', async () => {
    const env = { MODEL_LIMITS: 'cohere-rerank-3-5=250,amazon-rerank-1-0=200' };
    const { code, output } = await onDyno('npm run --silent check-config -- --live', env).ended;
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/live: all can be used\n$/),
    });
    expect(output).toContain('the key is accepted');
  });

  test.each(['start', 'run check-config', 'run key', 'run probe'])(
    'npm %s -- --help, and reads how',
    async (name) => {
      const { code, output } = await onDyno(`npm ${name} --silent -- --help`).ended;
      expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/^Usage: npm /) });
    },
  );

  test('npm run probe, and reads what scores depend on', async () => {
    const before = simulator.calls.length;
    const { code, output } = await onDyno('npm run --silent probe').ended;
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining(
        'CACHE_GRANULARITY=cohere-rerank-3-5=document,amazon-rerank-1-0=request',
      ),
    });
    expect(simulator.calls.length - before).toBeLessThanOrEqual(30);
  });

  test.each(['replay', 'stack'])('npm run %s, and reads what that needs', async (name) => {
    expect(await onDyno(`npm run --silent ${name}`).ended).toEqual({
      code: 2,
      output: `npm run ${name} needs the development dependencies, which npm ci installs.\n`,
    });
  });

  test('npm start, and has a gateway that answers and ends with 0', async () => {
    const port = await freePort();
    const env: Record<string, string> = { ...configVars(MANIFEST), PORT: String(port) };
    await using dyno = onDyno('npm start', env);
    expect((await untilAnswered(`http://127.0.0.1:${port}/readyz`, dyno)).status).toBe(200);
    await isAnswer(await readmeCurl(`http://127.0.0.1:${port}`, env.GATEWAY_KEYS!));
    dyno.terminate();
    expect((await dyno.ended).code).toBe(0);
  });
});
