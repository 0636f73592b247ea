import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGranularities } from '../../src/cache/granularities.ts';
import { ModelStates } from '../../src/cache/model-states.ts';
import { type Finding, Findings } from '../../src/calls/findings.ts';
import { parseConfig } from '../../src/config/config.ts';

const MODELS = { pairs: 'document', sets: 'request', none: 'off' } as const;

const NOW = 1_800_000_000_000;

/** One process without others, and what it said. */
const aProcess = (at: () => number = () => NOW) => {
  const result = parseConfig({
    NODE_ENV: 'test',
    MODEL_LIMITS: Object.keys(MODELS)
      .map((model) => `${model}=10`)
      .join(','),
    CACHE_GRANULARITY: Object.entries(MODELS)
      .map(([model, granularity]) => `${model}=${granularity}`)
      .join(','),
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const said: string[] = [];
  const states = new ModelStates({
    models: Object.keys(MODELS),
    shared: undefined,
    scoreLifeMs: 1000,
    onDependent: (model, dependent) => void said.push(`${model} ${dependent ? 'dependent' : 'independent'}`),
    now: at,
  });
  const granularities = createGranularities({
    configured: result.config.cache.granularity,
    states,
    onChange: (model, purged) => void said.push(`${model} changed${purged ? ', purged' : ''}`),
    now: at,
  });
  let pairs = 0;
  /** Samples of as many different pairs. */
  const find = (finding: Finding, count: number, model = 'pairs'): void => {
    for (let i = 0; i < count; i++) granularities.verified(model, `pair ${pairs++}`, finding);
  };
  return { granularities, states, said, find, of: (model = 'pairs') => granularities.of(model) };
};

describe('a model’s scores are reused', () => {
  test.each(Object.entries(MODELS))('as configured: %s for its %s', (model, granularity) => {
    expect(aProcess().of(model)).toBe(granularity);
  });

  test.each(['unknown', '__proto__', 'constructor'])('for nothing when it is not served: %s', (model) => {
    expect(aProcess().of(model)).toBe('off');
  });
});

describe('scores that are others among other documents', () => {
  test('are reused for the same documents only, once three pairs have shown it, loudly and once', () => {
    const { find, of, said } = aProcess();
    find('dependent', 2);
    expect([of(), said]).toEqual(['document', []]);
    find('dependent', 5);
    expect([of(), said]).toEqual(['request', ['pairs dependent']]);
  });

  test('are not believed because of one pair, however often it is scored', () => {
    const { granularities, of } = aProcess();
    for (let i = 0; i < 20; i++) granularities.verified('pairs', 'the same', 'dependent');
    expect(of()).toBe('document');
  });

  test('are not believed while most pairs show nothing of it', () => {
    const { find, of } = aProcess();
    for (let i = 0; i < 20; i++) {
      find('same', 2);
      find('dependent', 1);
    }
    expect(of()).toBe('document');
  });

  test.each(['sets', 'none', 'unknown'])('are no news of a model that is not reused by pair: %s', (model) => {
    const { find, of, said } = aProcess();
    const before = of(model);
    find('dependent', 10, model);
    expect([of(model), said]).toEqual([before, []]);
  });

  test('are forgotten with a purge, as are samples from before it', async () => {
    const { find, of, states } = aProcess();
    find('dependent', 3);
    await states.advance('pairs');
    expect(of()).toBe('document');
    find('dependent', 2);
    await states.advance('pairs');
    find('dependent', 2);
    expect(of()).toBe('document');
    find('dependent', 1);
    expect(of()).toBe('request');
  });
});

describe('scores that are others wherever they are asked for', () => {
  test('say that the model is another: the older ones are forgotten, and reuse stays on', () => {
    const { find, of, states, said } = aProcess();
    find('changed', 3);
    expect([of(), said]).toEqual(['document', ['pairs changed, purged']]);
    expect(states.of('pairs').version).toBe(NOW);
  });

  test('are not forgotten every few minutes: more than once an hour is only told', () => {
    let now = NOW;
    const { find, states, said } = aProcess(() => now);
    find('changed', 3);
    now += 600_000;
    find('changed', 3);
    expect(said).toEqual(['pairs changed, purged', 'pairs changed']);
    expect(states.of('pairs').version).toBe(NOW);
    now += 3_600_000;
    find('changed', 3);
    expect(said.at(-1)).toBe('pairs changed, purged');
  });

  test('are told apart from those that depend on companions, when some seem to be either', () => {
    const { find, of, said } = aProcess();
    find('changed', 2);
    find('dependent', 2);
    expect([of(), said]).toEqual(['document', []]);
    find('dependent', 1);
    expect([of(), said]).toEqual(['request', ['pairs dependent']]);
  });
});

test('whatever samples show, nothing is believed without three different pairs and a majority', () => {
  const samples = fc.array(
    fc.record({
      pair: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      finding: fc.constantFrom<Finding>('same', 'changed', 'dependent'),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(samples, (all) => {
      const findings = new Findings();
      const latest = new Map<string, Finding>();
      for (const { pair, finding } of all) {
        const believed = findings.note(pair, finding);
        latest.set(pair, finding);
        if (believed === undefined) continue;
        const alike = [...latest.values()].filter((each) => each === believed).length;
        expect(alike).toBeGreaterThanOrEqual(3);
        expect(alike).toBeGreaterThan(latest.size / 2);
        expect(believed).toBe(finding);
      }
    }),
  );
});
