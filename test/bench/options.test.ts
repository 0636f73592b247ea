import { describe, expect, test } from 'vitest';
import { readOptions, SECTIONS } from './options.ts';

describe('the command line of the bench', () => {
  test('runs everything at full length when nothing is said', () => {
    expect(readOptions([]).sections).toEqual(SECTIONS);
  });

  test('runs only what is named, in the order of the table, each once', () => {
    expect(readOptions(['memory', 'hits', 'memory']).sections).toEqual(['hits', 'memory']);
  });

  test('looks at less of everything when it is to be short', () => {
    const full = readOptions([]).effort;
    const quick = readOptions(['--short', 'misses']);
    expect(readOptions(['--quick']).effort).toEqual(quick.effort);
    expect(quick.sections).toEqual(['misses']);
    for (const name of Object.keys(full) as (keyof typeof full)[]) {
      expect(quick.effort[name]).toBeLessThan(full[name]);
    }
  });

  test('takes a file for its figures, and a revision to compare with', () => {
    expect(readOptions(['--json', 'a.json', 'hits', '--compare', 'HEAD~1'])).toMatchObject({
      json: 'a.json',
      compare: 'HEAD~1',
      sections: ['hits'],
    });
  });

  test.each([['hit'], ['--fast'], ['hits', '--', 'nothing']])(
    'says what it knows when given %s',
    (...args) => {
      expect(() => readOptions(args)).toThrow('npm run bench --');
    },
  );
});
