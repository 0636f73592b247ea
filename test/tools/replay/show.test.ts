import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { progressBar, render } from '../../../src/tools/replay/show.ts';

/** A stream that keeps what is written to it. */
const terminal = (isTTY: boolean) => {
  const stream = new PassThrough();
  let written = '';
  stream.on('data', (chunk) => {
    written += chunk;
  });
  const window = Object.assign(stream, {
    isTTY,
    columns: 100,
    cursorTo() {},
    clearLine() {},
    moveCursor() {},
  });
  return { stream: window as unknown as NodeJS.WriteStream, written: () => written };
};

describe('progress', () => {
  const progress = { finished: 3, waiting: 4, wrong: 2 };

  test('is a bar on a terminal', () => {
    const { stream, written } = terminal(true);
    const bar = progressBar(10, stream);
    bar.update(progress);
    bar.stop();
    expect(written()).toContain('3/10 | 4 waiting | 2 wrong');
  });

  test('is nothing at all anywhere else', () => {
    const { stream, written } = terminal(false);
    const bar = progressBar(10, stream);
    bar.update(progress);
    bar.stop();
    expect(written()).toBe('');
  });
});

test('a table has a line for each row, numbers to the right, and no colours', () => {
  const table = render([
    ['', 'search', 'total'],
    ['requests', '5', '1,234'],
  ]);
  expect(table.split('\n')).toEqual([
    '┌──────────┬────────┬───────┐',
    '│          │ search │ total │',
    '├──────────┼────────┼───────┤',
    '│ requests │      5 │ 1,234 │',
    '└──────────┴────────┴───────┘',
  ]);
});
