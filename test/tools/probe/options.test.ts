import { describe, expect, test } from 'vitest';
import { parseOptions, UsageError } from '../../../src/tools/probe/options.ts';

const [COHERE, AMAZON] = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
const ENV = { RERANK_URL: 'https://upstream.example/', RERANK_KEY: 'key-SECRET-1' };
const parse = (line: string, env: Record<string, string> = ENV) =>
  parseOptions(line.split(' ').filter(Boolean), env);

describe('what is probed', () => {
  test('is every model of the first attachment, and gateway keys are not needed for it', () => {
    expect(parse('')).toEqual({
      upstream: { alias: 'RERANK', url: 'https://upstream.example', key: 'key-SECRET-1', modelId: undefined },
      models: [COHERE, AMAZON],
      tolerance: 0.001,
    });
  });

  test.each<[string, Record<string, string>, string[]]>([
    ['', { MODEL_LIMITS: 'a=1,b=2' }, ['a', 'b']],
    ['', { RERANK_MODEL_ID: AMAZON! }, [AMAZON!]],
    ['--model x --model y --model x', {}, ['x', 'y']],
    ['--model x', { RERANK_MODEL_ID: AMAZON! }, ['x']],
    ['--simulator', { RERANK_URL: '', RERANK_KEY: '' }, [COHERE!, AMAZON!]],
  ])('with %j and %j is the models %j', (line, env, models) => {
    expect(parse(line, { ...ENV, ...env })).toMatchObject({ models });
  });

  test('may be another attachment', () => {
    const env = { ...ENV, UPSTREAMS: 'RERANK,EU', EU_URL: 'https://eu.example', EU_KEY: 'other-key' };
    expect(parse('--upstream EU', env)).toMatchObject({ upstream: { alias: 'EU', key: 'other-key' } });
    expect(() => parse('--upstream US', env)).toThrow('--upstream must be one of RERANK, EU');
  });

  test('is the simulator whatever else is set', () => {
    expect(parse('--simulator --tolerance 0.25')).toMatchObject({ upstream: undefined, tolerance: 0.25 });
  });
});

describe('is refused in one clear line that shows no value', () => {
  test.each<[string, Record<string, string>, string | RegExp]>([
    ['', {}, /^RERANK_URL and RERANK_KEY are not set, so there is no upstream to probe/],
    ['', { RERANK_URL: ENV.RERANK_URL }, /^RERANK_KEY: is required/],
    ['', { RERANK_KEY: ENV.RERANK_KEY }, /^RERANK_URL: is required/],
    ['', { ...ENV, RERANK_URL: 'http://upstream.example' }, /^RERANK_URL: must be https in production/],
    ['', { ...ENV, MODEL_LIMITS: 'nonsense' }, /^MODEL_LIMITS: entry 1/],
    ['', { ...ENV, MODEL_LIMITS: 'a=1,b=1,c=1,d=1,e=1,f=1,g=1' }, 'more than 6 models are too many'],
    ['--nonsense', ENV, '--nonsense'],
    ['--tolerance 1', ENV, '--tolerance must be a number'],
    ['--tolerance much', ENV, '--tolerance must be a number'],
    ['--model=', ENV, '--model must name a model'],
  ])('%j with %j', (line, env, message) => {
    expect(() => parse(line, env)).toThrow(UsageError);
    expect(() => parse(line, env)).toThrow(message);
    try {
      parse(line, env);
    } catch (thrown) {
      expect((thrown as Error).message).not.toMatch(/\n|SECRET|upstream\.example/);
    }
  });
});
