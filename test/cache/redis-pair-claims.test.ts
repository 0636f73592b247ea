import { describe, expect, test } from 'vitest';
import { connectRedis } from '../../src/redis/client.ts';
import { CLAIM_MS, digestsOf, PREFIX, pairsOf, QUESTION, RedisBed, TTL } from '../column/redis-bed.ts';
import { until } from '../support/fakes.ts';

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

  test('is had with the first look at a question of which nothing is known', async () => {
    const open = () => bed.store.open(QUESTION, digestsOf(3));
    expect(await open()).toMatchObject({ claim: 'claim-0', holders: [undefined, undefined, undefined] });
    expect(await open()).toMatchObject({ claim: undefined, holders: ['claim-0', 'claim-0', 'claim-0'] });
    await bed.write(pairsOf(1), 'claim-0');
    expect(await open()).toEqual({
      claim: undefined,
      pairs: await bed.store.read(QUESTION),
      holders: undefined,
    });
    expect(bed.closed).toEqual(['claim-1', 'claim-0', 'claim-2']);
  });

  test('brings what is known by then', async () => {
    await bed.write(pairsOf(2));
    expect((await claim(3))!.pairs).toEqual(await bed.store.read(QUESTION));
  });

  test.each(['write', 'release'] as const)(
    'ends with a %s, and whoever waits for it hears of it',
    async (end) => {
      const listener = connectRedis(bed.server.url, { commandTimeoutMs: 250, onError: () => {} });
      try {
        await until(() => listener.status === 'ready');
        await listener.subscribe(`${PREFIX}channel`);
        const heard: string[] = [];
        listener.on('message', (_, text: string) => heard.push(text));
        const ends = (name: string): Promise<void> =>
          end === 'write' ? bed.write(pairsOf(3), name) : bed.store.release(QUESTION, name);
        await claim(3);
        // Nobody waits for this one.
        await ends('claim-0');
        await claim(3);
        await claim(1);
        await ends('claim-1');
        await until(() => heard.length > 0);
        expect(heard).toEqual(['over claim-1']);
        expect(bed.closed).toEqual(['claim-0', 'claim-2', 'claim-1']);
        // Redis has lost it, and with it who waits.
        await claim(3);
        await bed.client.flushall();
        await ends('claim-3');
        await until(() => heard.length > 1);
        expect((await claim(3))!.holders).toEqual([undefined, undefined, undefined]);
      } finally {
        listener.disconnect();
      }
    },
  );

  test('is not taken for another by what somebody else has left', async () => {
    const key = `${PREFIX}claims4:{${QUESTION}}`;
    const digests = digestsOf(3);
    const bytes = Buffer.from(digests.numbers.buffer, digests.numbers.byteOffset, digests.numbers.byteLength);
    await bed.client.hset(key, 'odd', bytes.subarray(0, 40));
    await bed.client.hset(key, 'huge', Buffer.alloc(16e6));
    await bed.client.hset(key, 'x'.repeat(1000), bytes);
    expect((await claim(3))!.holders).toEqual([undefined, undefined, undefined]);
    expect(await bed.client.hkeys(key)).toEqual(['claim-0']);
  });

  test('is looked for among no more than there can be', async () => {
    const key = `${PREFIX}claims4:{${QUESTION}}`;
    for (let i = 0; i < 20; i++) await bed.client.hset(key, `foreign ${i}`, Buffer.alloc(16_000, i));
    await claim(3);
    expect(await bed.client.hlen(key)).toBeLessThan(10);
    await bed.client.hset(key, Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x${i}`, ''])));
    await claim(3, 10);
    expect(await bed.client.hlen(key)).toBe(1);
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
  expect(keys).toEqual([`${PREFIX}claims4:{${QUESTION}}`, `${PREFIX}pairs3:{${QUESTION}}`]);
  const [claims = 0, pairs = 0] = await Promise.all(keys.map((key) => bed.client.pttl(key)));
  expect(claims).toBeGreaterThan(0);
  expect(claims).toBeLessThanOrEqual(CLAIM_MS);
  expect(pairs).toBeGreaterThan(CLAIM_MS);
  expect(pairs).toBeLessThanOrEqual(TTL);
  expect((await bed.client.getBuffer(keys[1]!))!.toString('latin1')).not.toContain('DOCTEXT');
});
