import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { chooseModel, modelsOf } from '../../src/http/access.ts';
import { aCaller } from './onion.ts';

const SERVED = ['cohere', 'amazon'];
const everything = aCaller();
const amazonOnly = aCaller({ models: ['amazon'] });

const refusal = (...args: Parameters<typeof chooseModel>): RerankError => {
  try {
    chooseModel(...args);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RerankError);
    return thrown as RerankError;
  }
  throw new Error('It was not refused.');
};

describe('a caller', () => {
  test('gets the model it names when it may use it', () => {
    for (const model of SERVED) expect(chooseModel(everything, SERVED, model)).toBe(model);
    expect(chooseModel(amazonOnly, SERVED, 'amazon')).toBe('amazon');
  });

  test('need not name a model where there is only one', () => {
    expect(chooseModel(amazonOnly, SERVED, undefined)).toBe('amazon');
    expect(chooseModel(everything, ['cohere'], undefined)).toBe('cohere');
  });

  test('has to name one where there are several, and is told which', () => {
    const { kind, message } = refusal(everything, SERVED, undefined);
    expect(kind).toBe('invalid_request');
    for (const words of ['`model`', ...SERVED]) expect(message).toContain(words);
  });

  test('is told apart: a model that nobody serves is unknown, one that others may use is forbidden', () => {
    expect(refusal(everything, SERVED, 'other')).toMatchObject({ kind: 'unknown_model' });
    expect(refusal(amazonOnly, SERVED, 'other')).toMatchObject({ kind: 'unknown_model' });
    expect(refusal(amazonOnly, SERVED, 'cohere')).toMatchObject({ kind: 'forbidden_model' });
    for (const model of ['other', 'cohere']) {
      expect(refusal(amazonOnly, SERVED, model).message).toContain('`model`');
    }
  });

  test('never reads back what it sent as an unknown model, nor of models it may not use', () => {
    const { message } = refusal(amazonOnly, SERVED, 'QUERYTEXT');
    expect(message).not.toContain('QUERYTEXT');
    expect(message).not.toContain('cohere');
  });

  test('that may use a model which is not served gets nothing by that', () => {
    const caller = aCaller({ models: ['retired'] });
    expect(modelsOf(caller, SERVED)).toEqual([]);
    expect(refusal(caller, SERVED, 'retired').kind).toBe('unknown_model');
    expect(refusal(caller, SERVED, undefined).kind).toBe('invalid_request');
  });

  test.each(['constructor', '__proto__', 'toString', 'length', ''])('gets no model called %j', (model) => {
    expect(refusal(everything, SERVED, model).kind).toBe('unknown_model');
  });
});
