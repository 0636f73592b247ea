import { describe, expect, test } from 'vitest';
import { replay } from './harness.ts';
import { FILES, writeCorpus } from './mini-corpus.ts';

describe('a mistake of the person at the keyboard', () => {
  test.each([
    ['an unknown option', ['--fast'], "replay: Unknown option '--fast'"],
    ['a speed that is none', ['--speed', '0'], 'replay: --speed must be a number above 0'],
    [
      'a key that is missing',
      ['--url', 'http://127.0.0.1:1', '--keys', 'search:k'],
      'no key for the client chatbot',
    ],
  ])('is %s: one line, how to use it, and exit code 2', async (_, args, message) => {
    await using corpus = await writeCorpus();
    const { code, out, notes } = await replay(corpus.path, ...args);
    expect(notes.split('\n')[0]).toContain(message);
    expect(notes).toContain('Usage: npm run replay');
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  test('is a corpus without a file', async () => {
    await using folder = await writeCorpus({ 'queries.jsonl': undefined });
    const { code, notes } = await replay(folder.path);
    expect(notes).toContain("replay: queries.jsonl can't be read in");
    expect(code).toBe(2);
  });

  test('is a corpus with a malformed line', async () => {
    const trace = FILES['trace.jsonl'].replace('"at":0,', '"at":"soon",');
    await using folder = await writeCorpus({ 'trace.jsonl': trace });
    const { code, notes } = await replay(folder.path);
    expect(notes).toBe('replay: trace.jsonl line 1: at must be a number of milliseconds from 0');
    expect(code).toBe(2);
  });

  test('can be helped', async () => {
    const { code, out } = await replay('--help');
    expect(out).toContain('Usage: npm run replay -- DIR [options]');
    expect(code).toBe(0);
  });
});
