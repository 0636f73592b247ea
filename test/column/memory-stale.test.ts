import { beforeEach, describe, expect, test } from 'vitest';
import { ERRORS, type ErrorKind, RerankError } from '../../src/calls/errors.ts';
import { failure } from '../support/fakes.ts';
import { LATE, Memories, STALE, TTL, three } from './memories.ts';

let memory: Memories;
beforeEach(() => {
  memory = new Memories();
});

const kinds = Object.keys(ERRORS) as ErrorKind[];

describe('a score past its freshness', () => {
  test.each(kinds)('stands in for an error only if the table says so: %s', async (kind) => {
    const { takenAt, values } = await memory.ask();
    memory.now += TTL + STALE;
    const error = new RerankError(kind);
    memory.inner.failWith(error);
    if (ERRORS[kind].staleIfError) {
      expect(await memory.ask()).toMatchObject({
        values,
        takenAt,
        stale: true,
        stored: false,
        spent: 0,
        sources: three('memory'),
      });
    } else {
      expect(await failure(memory.ask())).toBe(error);
    }
  });

  test('stands in only when all the others can be answered, too', async () => {
    const error = new RerankError('upstream_failed');
    await memory.ask({ items: ['a'] });
    memory.now += TTL;
    await memory.ask({ items: ['b'] });
    memory.now += STALE;
    memory.inner.failWith(error);
    expect(await failure(memory.ask({ items: ['a', 'b', 'c'] }))).toBe(error);
    const { stale, sources } = await memory.ask({ items: ['b', 'a'] });
    expect([stale, sources]).toEqual([true, ['memory', 'memory']]);
    // Only what could not be answered at once was asked for.
    expect(memory.inner.asks.slice(2).map(({ items: documents }) => documents)).toEqual([['a', 'c'], ['a']]);
  });

  test('stands in for no error when it is too old, or fresh enough for nobody', async () => {
    await memory.ask();
    memory.inner.failWith(new RerankError('upstream_failed'));
    memory.now += TTL + 1;
    expect((await failure(memory.ask({ cache: { staleIfError: false } }))).kind).toBe('upstream_failed');
    memory.now += STALE;
    expect((await failure(memory.ask())).kind).toBe('upstream_failed');
  });

  test('hides no bug behind an old score', async () => {
    await memory.ask();
    memory.now += TTL + LATE + 1;
    memory.inner.failWith(new TypeError('a bug'));
    await expect(memory.ask()).rejects.toThrow('a bug');
  });

  test('does not make an old score new by serving it for an error', async () => {
    await memory.ask();
    memory.now += TTL + LATE + 1;
    memory.inner.failWith(new RerankError('upstream_failed'));
    expect((await memory.ask()).stale).toBe(true);
    expect(memory.inner.asks).toHaveLength(2);
    memory.now += STALE;
    expect((await failure(memory.ask())).kind).toBe('upstream_failed');
  });
});
