import { describe, expect, test } from 'vitest';
import { connectRedis } from '../../src/redis-client.ts';
import { until } from '../support/fakes.ts';
import { CLAIM_MS, digestsOf, PREFIX, pairsOf, QUESTION, RedisBed, TTL } from './redis-bed.ts';

const bed = new RedisBed();

const claim = (count: number, from = 0, ended: string[] = []) =>
  bed.store.claim(QUESTION, digestsOf(count, from), ended);

describe('a claim in Redis', () => {
  test('is had by the first; the second hears by whom', async () => {
    expect(await claim(3)).toEqual({
      claim: 'claim-0',
      pairs: new Float64Array(),
      holders: [undefined, undefined, undefined],
    });
    expect(await claim(3, 1)).toMatchObject({
      claim: 'claim-1',
      holders: ['claim-0', 'claim-0', undefined],
    });
  });

  test('that takes nothing on is none', async () => {
    await claim(3);
    expect(await claim(2)).toMatchObject({ claim: undefined, holders: ['claim-0', 'claim-0'] });
    expect(bed.closed).toEqual(['claim-1']);
  });

  test('brings what is known by then', async () => {
    await bed.write(pairsOf(2));
    expect((await claim(3))!.pairs).toEqual(await bed.store.read(QUESTION));
  });

  test.each(['write', 'release'] as const)('ends with a %s, and everybody hears of it', async (end) => {
    const listener = connectRedis(bed.server.url, { commandTimeoutMs: 250, onError: () => {} });
    try {
      await until(() => listener.status === 'ready');
      await listener.subscribe(`${PREFIX}channel`);
      const heard: string[] = [];
      listener.on('message', (_, text: string) => heard.push(text));
      await claim(3);
      if (end === 'write') await bed.write(pairsOf(3), 'claim-0');
      else await bed.store.release(QUESTION, 'claim-0');
      await until(() => heard.length > 0);
      expect(heard).toEqual(['over claim-0']);
      expect(bed.closed).toEqual(['claim-0']);
      expect((await claim(3))!.holders).toEqual([undefined, undefined, undefined]);
    } finally {
      listener.disconnect();
    }
  });

  test('that does not count any more is taken over', async () => {
    await claim(3);
    expect((await claim(3, 0, ['claim-0', 'never-heard-of']))!.holders).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect((await claim(3))!.holders).toEqual(['claim-1', 'claim-1', 'claim-1']);
  });

  test('that could not be made is closed, and whoever wanted it goes on alone', async () => {
    bed.server.freeze();
    try {
      expect(await claim(3)).toBeUndefined();
    } finally {
      bed.server.thaw();
    }
    expect(bed.closed).toEqual(bed.opened);
  });
});

test('every key has an end, the one hash tag of its question, and no text', async () => {
  await bed.write(pairsOf(3));
  await claim(3, 3);
  const keys = (await bed.client.keys('*')).sort();
  expect(keys).toEqual([`${PREFIX}claims3:{${QUESTION}}`, `${PREFIX}pairs3:{${QUESTION}}`]);
  const [claims = 0, pairs = 0] = await Promise.all(keys.map((key) => bed.client.pttl(key)));
  expect(claims).toBeGreaterThan(0);
  expect(claims).toBeLessThanOrEqual(CLAIM_MS);
  expect(pairs).toBeGreaterThan(CLAIM_MS);
  expect(pairs).toBeLessThanOrEqual(TTL);
  expect((await bed.client.getBuffer(keys[1]!))!.toString('latin1')).not.toContain('DOCTEXT');
});
