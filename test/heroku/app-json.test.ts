import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { configOf } from '../config/environments.ts';
import { configVars, MANIFEST, PROCFILE, readText } from './manifest.ts';

/**
 * Heroku's own schema of app.json: the file dist/utils/app-json.schema.json of npm's @heroku/mcp-server 1.2.8
 * (© 2025 Heroku, Apache-2.0), unchanged. The package itself brings 143 others.
 */
const SCHEMA = JSON.parse(readText('test/heroku/app-json.schema.json'));

const ajv = new Ajv({ allErrors: true, formats: { uri: (text: string) => URL.canParse(text) } });
const fits = ajv.compile(SCHEMA);

const objections = (manifest: unknown): string[] => {
  fits(manifest);
  return (fits.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};

/** `environments.review` is any object to the schema; Heroku reads it like the top level. */
const asTopLevel = { name: 'review', ...MANIFEST.environments.review };

/** What an attachment named RERANK sets, and the store named REDIS. */
const ATTACHED = {
  RERANK_URL: 'https://us.inference.heroku.com',
  RERANK_KEY: 'upstream-key',
  REDIS_URL: 'rediss://:password@ec2-1-2-3-4.compute-1.amazonaws.com:6380',
};

describe('app.json', () => {
  test("fits Heroku's schema, and so does what review apps get instead", () => {
    expect(objections(MANIFEST)).toEqual([]);
    expect(objections(asTopLevel)).toEqual([]);
  });

  test.each([
    [{ ...MANIFEST, env: { NODE_ENV: 'production' } }, '/env/NODE_ENV must be object'],
    [{ ...MANIFEST, stack: 'heroku-16' }, '/stack must be equal to one of the allowed values'],
    [{ ...MANIFEST, dynos: 2 }, ' must NOT have additional properties'],
    [{ ...MANIFEST, website: 'nowhere' }, '/website must match format "uri"'],
  ])('would not fit with a mistake (%#)', (manifest, objection) => {
    expect(objections(manifest)).toContain(objection);
  });

  test('asks for two dynos, a Redis and one key for all models, attached as RERANK', () => {
    expect(MANIFEST).toMatchObject({
      stack: 'heroku-24',
      buildpacks: [{ url: 'heroku/nodejs' }],
      formation: { web: { quantity: 2, size: 'standard-1x' } },
      addons: [{ plan: 'heroku-inference:standard', as: 'RERANK' }, { plan: 'heroku-redis:mini' }],
    });
  });

  test('leaves to the add-ons what they set: a value of ours would hide theirs', () => {
    for (const { env } of [MANIFEST, MANIFEST.environments.review]) {
      expect(Object.keys(env).filter((name) => /^(RERANK|REDIS)_|^(PORT|DYNO)$/.test(name))).toEqual([]);
    }
  });

  test('makes an app that is ready to serve, with secrets of its own', () => {
    const config = configOf({ ...configVars(MANIFEST), ...ATTACHED });
    expect(config).toMatchObject({ production: true, clients: [{ name: 'default' }] });
    expect(config.metricsToken).toMatch(/^[0-9a-f]{64}$/);
    expect(config.upstreams).toHaveLength(1);
  });

  // Heroku CI would buy the add-ons anew for each run.
  test('describes no environment for tests', () => {
    expect(Object.keys(MANIFEST.environments)).toEqual(['review']);
  });

  test('makes review apps that buy nothing, and that ask for a key all the same', () => {
    const { addons, formation, env } = MANIFEST.environments.review;
    expect(addons).toEqual([]);
    // No eco: it is bought for a month, by accounts.
    expect(formation).toEqual({ web: { quantity: 1, size: 'basic' } });
    const config = configOf(configVars({ env }));
    expect(config).toMatchObject({ production: false, upstreams: [], clients: [{ name: 'default' }] });
    expect(config.metricsToken).toBeDefined();
  });
});

describe('the Procfile', () => {
  test('starts what the build compiles, and checks the configuration before each release', () => {
    expect(PROCFILE).toEqual({
      web: 'node --max-old-space-size=256 --heap-growing-percent=300 dist/main.js',
      release: 'node dist/tools/check-config.js',
    });
    // Both start it the same way.
    expect(JSON.parse(readText('package.json')).scripts.start).toContain(PROCFILE.web);
  });
});

describe('package.json', () => {
  const { engines, scripts } = JSON.parse(readText('package.json'));

  test('builds by a script that Heroku runs, before it prunes', () => {
    expect(scripts).toHaveProperty('build');
    expect(Object.keys(scripts).filter((name) => name.startsWith('heroku-'))).toEqual([]);
  });

  // An open end would let a build on the day of a new major run on what nobody has tried.
  // Heroku would take the newest npm of a range, which has broken apps that nobody had changed.
  test('leaves the version of npm to Node', () => {
    expect(Object.keys(engines)).toEqual(['node']);
  });

  test('names majors of Node that have long-term support, and no later one', () => {
    expect(engines.node.split(' || ')).toEqual(['^20.19', '^22.12', '^24', '^26']);
  });
});
