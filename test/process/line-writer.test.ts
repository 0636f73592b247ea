import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineWriter } from '../../src/process/line-writer.ts';

/** A reader that takes what comes only while it is not stuck, and fails while it has gone. */
class Reader extends Writable {
  text = '';
  writes = 0;
  state: 'reads' | 'stuck' | 'gone' = 'reads';
  #waiting: (() => void) | undefined;

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(text: string, _: BufferEncoding, done: (error?: Error) => void): void {
    this.writes++;
    const take = (): void => {
      if (this.state !== 'gone') this.text += text;
      done(this.state === 'gone' ? new Error('EPIPE') : undefined);
    };
    if (this.state === 'stuck') this.#waiting = take;
    else take();
  }

  /** As node's standard output: a failure does not end it. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    const self = this as unknown as { _undestroy(): void };
    self._undestroy();
  }

  become(state: 'reads' | 'stuck' | 'gone'): void {
    this.state = state;
    if (state !== 'stuck') {
      this.#waiting?.();
      this.#waiting = undefined;
    }
  }
}

const SECOND = 1000;

describe('lines', () => {
  test('come in order, those of one turn with one write', async () => {
    const stream = new Reader();
    const lines = new LineWriter({ stream });
    for (const line of ['a\n', 'b\n', 'c\n']) lines.write(line);
    expect(stream.text).toBe('');
    await lines.settle(SECOND);
    expect([stream.text, stream.writes]).toEqual(['a\nb\nc\n', 1]);
  });

  test('beyond the bound are dropped and counted while nobody reads, and the others come when somebody does', async () => {
    const stream = new Reader();
    stream.become('stuck');
    const lines = new LineWriter({ stream, maxLength: 10 });
    lines.write('1234\n');
    await turn();
    await turn();
    for (const line of ['5678\n', 'late\n', 'more\n']) lines.write(line);
    expect(lines.dropped).toBe(2);
    stream.become('reads');
    await lines.settle(SECOND);
    lines.write('again\n');
    await lines.settle(SECOND);
    expect([stream.text, lines.dropped]).toEqual(['1234\n5678\nagain\n', 2]);
  });

  test('are dropped and counted when the reader has gone, for as long as it has', async () => {
    const stream = new Reader();
    stream.become('gone');
    const lines = new LineWriter({ stream });
    lines.write('a\n');
    lines.write('b\n');
    await lines.settle(SECOND);
    lines.write('c\n');
    await lines.settle(SECOND);
    expect(lines.dropped).toBe(3);
    stream.become('reads');
    lines.write('d\n');
    await lines.settle(SECOND);
    expect([stream.text, lines.dropped]).toEqual(['d\n', 3]);
  });

  test('are waited for no longer than told', async () => {
    const stream = new Reader();
    stream.become('stuck');
    const lines = new LineWriter({ stream });
    lines.write('a\n');
    await lines.settle(20);
    expect(stream.text).toBe('');
  });

  test('that are still gathered at the end are handed over at once', () => {
    const stream = new Reader();
    const lines = new LineWriter({ stream });
    lines.write('last words\n');
    lines.flush();
    expect(stream.text).toBe('last words\n');
  });

  test('that are not taken do not keep the process alive with work', async () => {
    const stream = new Reader();
    stream.become('stuck');
    const lines = new LineWriter({ stream });
    lines.write('a\n');
    for (let i = 0; i < 100; i++) await turn();
    expect(stream.writes).toBe(1);
  });

  test('are each read whole and in order, or counted, whatever the reader does', async () => {
    const event = fc.oneof(
      fc.record({ say: fc.stringMatching(/^[a-z]{0,12}$/) }),
      fc.constantFrom('reads' as const, 'stuck' as const, 'gone' as const, 'turn' as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 40 }),
        fc.integer({ min: 1, max: 60 }),
        async (life, max) => {
          const stream = new Reader();
          const lines = new LineWriter({ stream, maxLength: max });
          let said = 0;
          for (const one of life) {
            if (one === 'turn') await turn();
            else if (typeof one === 'string') stream.become(one);
            else lines.write(`${said++} ${one.say}\n`);
          }
          stream.become('reads');
          await lines.settle(SECOND);
          const numbers = stream.text
            .split('\n')
            .slice(0, -1)
            .map((line) => Number(line.split(' ')[0]));
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
          expect(numbers.length + lines.dropped).toBe(said);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('a stream that fails ends nothing', async () => {
  const stream = new Reader();
  new LineWriter({ stream });
  const failed = once(stream, 'error');
  stream.emit('error', new Error('EIO'));
  await failed;
});
