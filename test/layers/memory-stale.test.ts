import { beforeEach, describe, expect, test } from 'vitest';
import { ERRORS, type ErrorKind, RerankError } from '../../src/rerank/errors.ts';
import { failure } from '../support/fakes.ts';
import { Memories, STALE, TTL } from './memories.ts';

let memory: Memories;
beforeEach(() => {
  memory = new Memories();
});

const kinds = Object.keys(ERRORS) as ErrorKind[];

describe('a score past its freshness', () => {
  test.each(kinds)('stands in for an error only if the table says so: %s', async (kind) => {
    const { scoredAt, values } = await memory.ask();
    memory.now += TTL + STALE;
    const error = new RerankError(kind);
    memory.inner.failWith(error);
    if (ERRORS[kind].staleIfError) {
      expect(await memory.ask()).toMatchObject({
        values,
        scoredAt,
        stale: true,
        stored: false,
        searchUnits: 0,
        sources: ['memory', 'memory', 'memory'],
      });
    } else {
      expect(await failure(memory.ask())).toBe(error);
    }
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
    memory.now += TTL + 1;
    memory.inner.failWith(new TypeError('a bug'));
    await expect(memory.ask()).rejects.toThrow('a bug');
  });

  test('does not make an old score new by serving it for an error', async () => {
    await memory.ask();
    memory.now += TTL + 1;
    memory.inner.failWith(new RerankError('upstream_failed'));
    expect((await memory.ask()).stale).toBe(true);
    memory.now += STALE;
    expect((await failure(memory.ask())).kind).toBe('upstream_failed');
  });
});
