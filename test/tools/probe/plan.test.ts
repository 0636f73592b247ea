import { describe, expect, test } from 'vitest';
import { validated } from '../../../src/simulator/request.ts';
import { MOST_CALLS, MOST_MODELS, plan } from '../../../src/tools/probe/plan.ts';
import { NEEDED } from './observations.ts';

const models = (count: number): string[] => Array.from({ length: count }, (_, i) => `model-${i}`);
const COUNTS = Array.from({ length: MOST_MODELS }, (_, i) => i + 1);

describe('the plan', () => {
  test.each(COUNTS)(
    'of %i models has at most thirty calls, the same for each, one model after the other',
    (n) => {
      const calls = plan(models(n));
      expect(calls.length).toBeLessThanOrEqual(MOST_CALLS);
      const each = calls.length / n;
      const names = calls.slice(0, each).map(({ name }) => name);
      expect(calls.map(({ model, name }) => [model, name])).toEqual(
        models(n).flatMap((model) => names.map((name) => [model, name])),
      );
    },
  );

  test.each(COUNTS)('of %i models finds out for each what its scores depend on', (n) => {
    const first = plan(models(n)).filter(({ model }) => model === 'model-0');
    expect(first.map(({ name }) => name)).toEqual(expect.arrayContaining([...NEEDED]));
  });

  test('makes each call once', () => {
    const names = plan(['m']).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('breaks a rule of the upstream exactly where it means to', () => {
    for (const { body, edge, documents, name } of plan(['m'])) {
      const value = JSON.parse(body);
      expect(value.documents, name).toEqual(documents);
      if (edge) expect(() => validated(value), name).toThrow();
      else expect(Object.keys(value)).toEqual(['model', 'query', 'documents']);
      if (!edge) expect(validated(value).documents).toHaveLength(documents.length);
    }
  });
});
