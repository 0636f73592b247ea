import { describe, expect, test } from 'vitest';
import { readOptions, SECTIONS } from './options.ts';

describe('the command line of the bench', () => {
  test('runs everything at full length when nothing is said', () => {
    expect(readOptions([]).sections).toEqual(SECTIONS);
  });

  test('runs only what is named, in the order of the table, each once', () => {
    expect(readOptions(['memory', 'hits', 'memory']).sections).toEqual(['hits', 'memory']);
  });

  test('looks at less of everything when it is to be quick', () => {
    const full = readOptions([]).effort;
    const quick = readOptions(['--quick', 'misses']);
    expect(quick.sections).toEqual(['misses']);
    for (const name of Object.keys(full) as (keyof typeof full)[]) {
      expect(quick.effort[name]).toBeLessThan(full[name]);
    }
  });

  test.each([['hit'], ['--fast'], ['hits', '--', 'nothing']])(
    'says what it knows when given %s',
    (...args) => {
      expect(() => readOptions(args)).toThrow('npm run bench --');
    },
  );
});
