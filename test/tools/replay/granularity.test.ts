import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { chosenGranularity, granularities } from '../../../src/tools/replay/granularity.ts';

const [COHERE, AMAZON] = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
const BOTH = `${COHERE}=document,${AMAZON}=document`;

describe('the granularity of a replay’s gateways', () => {
  test.each([
    [undefined, false, undefined],
    ['  ', false, undefined],
    [undefined, true, BOTH],
    ['', true, BOTH],
    [`${AMAZON}=off`, true, `${AMAZON}=off`],
    [`${AMAZON}=off`, false, `${AMAZON}=off`],
  ])('is, with %j in the environment and pointwise %j, %j', (given, pointwise, chosen) => {
    expect(chosenGranularity(given, pointwise)).toBe(chosen);
  });

  test.each([undefined, BOTH, `${AMAZON}=off`, `${COHERE}=request, ${AMAZON}=document`])(
    'is told as a gateway understands %j',
    (variable) => {
      const config = parseConfig({
        NODE_ENV: 'development',
        CACHE_GRANULARITY: variable,
        MODEL_LIMITS: `${COHERE}=250,${AMAZON}=200`,
      });
      if (!config.ok) throw new Error('not a configuration');
      expect(Object.fromEntries(granularities(variable))).toEqual({ ...config.config.cache.granularity });
    },
  );
});
