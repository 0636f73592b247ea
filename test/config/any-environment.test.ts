import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeConfig, formatProblems, parseConfig } from '../../src/config/config.ts';
import { type Env, LIVE } from './environments.ts';
import { TABLE } from './values.ts';

/** Values near the grammar, so that random environments get past the first check. */
const anyValue = fc.oneof(
  fc.constantFrom(...TABLE.flatMap(([, good, bad]) => [...good, ...bad])),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[a-z:;,=|.0-9]{0,60}$/),
);
const anyName = fc.oneof(
  fc.constantFrom(...TABLE.map(([variable]) => variable), 'NODE_ENV', 'GATEWAY_KEYS', 'EU_URL', 'EU_KEY'),
  fc.constantFrom('__proto__', 'constructor', 'toString'),
);
const secret = fc.stringMatching(/^[A-Za-z0-9+/=_.~-]{20,40}$/);

describe('whatever the environment', () => {
  test('the parser never throws, and what it accepts is safe', () => {
    fc.assert(
      fc.property(
        fc.dictionary(anyName, fc.option(anyValue, { nil: undefined })),
        fc.boolean(),
        (random, live) => {
          const result = parseConfig(live ? { ...LIVE, ...random } : random);
          if (!result.ok)
            return result.problems.length > 0 && result.problems.every(({ message }) => message.length > 0);
          const { production, upstreams, clients, modelLimits, cache } = result.config;
          JSON.stringify(describeConfig(result.config));
          if (production) expect(upstreams.length).toBeGreaterThan(0);
          if (production || upstreams.length > 0) expect(clients.length).toBeGreaterThan(0);
          expect(Object.keys(cache.granularity)).toEqual(Object.keys(modelLimits));
          return Object.keys(modelLimits).length > 0 && clients.every(({ keys }) => keys.length > 0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('no secret stands in a problem, a warning or the description', () => {
    const secrets = fc.uniqueArray(secret, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(
        secrets,
        anyName,
        anyValue,
        ([a = '', b = '', c = '', d = '', e = '', f = ''], name, value) => {
          const env: Env = {
            ...LIVE,
            RERANK_KEY: a,
            METRICS_TOKEN: b,
            REDIS_URL: `rediss://${encodeURIComponent(f)}:${encodeURIComponent(c)}@host:6380/0`,
            GATEWAY_KEYS: `search:${d};rpm=5,${e}`,
          };
          const texts = [
            env,
            { ...env, [name]: value },
            // Secrets in the wrong place, and with the wrong separators.
            { ...env, GATEWAY_KEYS: `${d}:search,a:${a};${e},${b};${c}=1,x:${e};models=${f},y:${e}` },
            // Repaired, ignored, and shared.
            {
              ...env,
              GATEWAY_KEYS: `search:${d}`,
              RERANK_URL: `${LIVE.RERANK_URL}/v1`,
              METRIC_TOKEN: e,
              ...{ UPSTREAMS: 'RERANK,B', B_URL: LIVE.RERANK_URL, B_KEY: a },
              ...{ INFERENCE_URL: `https://${f}.example.com`, INFERENCE_KEY: e },
            },
            Object.fromEntries(TABLE.map(([variable], index) => [variable, [a, b, c, d, e, f][index % 6]])),
          ].map((one) => {
            const result = parseConfig(one);
            return result.ok
              ? JSON.stringify(describeConfig(result.config)) + formatProblems(result.warnings)
              : formatProblems(result.problems);
          });
          for (const text of texts.slice(0, 4)) {
            for (const each of [a, b, c, d, e, f]) expect(text).not.toContain(each);
          }
          // Except that an alias is a name: it is shown in the names of its variables.
          for (const each of [a, b, c, d, e, f])
            if (!/^[A-Z]/.test(each)) expect(texts[4]).not.toContain(each);
        },
      ),
      { numRuns: 500 },
    );
  });
});
