import { describe, expect, test } from 'vitest';
import { find, MAX_PAIRS, type Pairs, ROW, ROW_BYTES } from '../../src/cache/pairs.ts';
import { digestsOf, PREFIX, pairsOf, QUESTION, RedisBed, TTL } from '../column/redis-bed.ts';

const bed = new RedisBed();
const KEY = `${PREFIX}pairs3:{${QUESTION}}`;

const known = async (): Promise<Pairs> => (await bed.store.read(QUESTION))!;
const rowsOf = async (): Promise<number> => (await known()).length / ROW;

describe('pairs in Redis', () => {
  test('come back bit for bit', async () => {
    const pairs = pairsOf(3, { score: 0.1 + 0.2 });
    await bed.write(pairs);
    expect(await known()).toEqual(pairs);
  });

  test.each([1, 10, 1000])('take one command to read and one to write, %i of them', async (count) => {
    // The first write brings the script.
    await bed.write(pairsOf(1, { from: 5000 }));
    const counts = async () => [
      await bed.server.commandCount('getrange'),
      await bed.server.commandCount('evalsha'),
      await bed.server.commandCount('eval'),
    ];
    const [gets = 0, scripts = 0, evals = 0] = await counts();
    await bed.write(pairsOf(count));
    // The script's own GETRANGE.
    expect(await counts()).toEqual([gets + 1, scripts + 1, evals]);
    await known();
    expect(await counts()).toEqual([gets + 2, scripts + 1, evals]);
  });

  test.each([10, 100, 1000])('take at most 40 bytes each, with the key, at %i a question', async (count) => {
    await bed.write(pairsOf(count));
    expect(await bed.client.strlen(KEY)).toBe(count * ROW_BYTES);
    const bytes = Number(await bed.client.memory('USAGE', KEY));
    // Of ten pairs, the key takes as much as four: the figure that counts is that of many.
    expect(bytes / count).toBeLessThanOrEqual(count === 10 ? 60 : 40);
  });

  test('of any length are read as far as pairs can be, and no further', async () => {
    const good = pairsOf(1);
    await bed.write(good);
    await bed.client.setrange(KEY, 8_000_000, 'somebody else');
    const sent = async () =>
      Number((await bed.client.info('stats')).match(/total_net_output_bytes:(\d+)/)![1]);
    const before = await sent();
    expect((await known()).subarray(0, ROW)).toEqual(good);
    expect((await sent()) - before).toBeLessThan(2 * MAX_PAIRS * ROW_BYTES);
    await bed.write(pairsOf(1, { from: 1 }));
    expect(await bed.client.strlen(KEY)).toBeLessThanOrEqual(MAX_PAIRS * ROW_BYTES);
  });

  test('from the future are neither read nor kept', async () => {
    await bed.write(pairsOf(1, { at: 2 * Date.now() }));
    expect(await known()).toHaveLength(0);
    await bed.write(pairsOf(1, { from: 1 }));
    expect(await bed.client.strlen(KEY)).toBe(ROW_BYTES);
  });

  test('of a question under which somebody else keeps something are not to be had, those of others are', async () => {
    await bed.write(pairsOf(1));
    await bed.client.lpush(KEY.replace(QUESTION, 'b-question-of-22-bytes'), 'somebody else’s');
    for (let i = 0; i < 10; i++) {
      expect(await bed.store.read('b-question-of-22-bytes')).toBeUndefined();
    }
    expect(await rowsOf()).toBe(1);
    expect(await bed.store.claim('b-question-of-22-bytes', digestsOf(1), [])).toMatchObject({
      holders: [undefined],
    });
  });

  test('that are no scores are not read', async () => {
    await bed.write(pairsOf(1, { score: 7e307 }));
    await bed.write(pairsOf(1, { from: 1, score: 0.3 }));
    expect(await rowsOf()).toBe(1);
  });

  test('have one row a document: a new score replaces the old one', async () => {
    await bed.write(pairsOf(4, { score: 0.1 }));
    await bed.write(pairsOf(2, { from: 1, score: 0.9 }));
    const pairs = await known();
    expect(pairs.length).toBe(4 * ROW);
    const scores = [...find(pairs, digestsOf(4))].map((row) => pairs[row + 2]);
    expect(scores).toEqual([0.1, 0.9, 0.9, 0.1]);
  });

  test('age each by itself: a later one neither renews an older one, nor goes with it', async () => {
    const now = Date.now();
    await bed.write(pairsOf(1, { at: now - TTL + 1000 }));
    await bed.write(pairsOf(1, { from: 1, at: now - TTL / 2 }));
    expect(await rowsOf()).toBe(2);
    expect((await known())[3]).toBe(now - TTL + 1000);

    await bed.write(pairsOf(1, { from: 2, at: now - 2 * TTL }));
    await bed.write(pairsOf(1, { from: 3, at: now }));
    const pairs = await known();
    expect([...find(pairs, digestsOf(4))].map((row) => row >= 0)).toEqual([true, true, false, true]);
    expect(await bed.client.pttl(KEY)).toBeGreaterThan(TTL - 5000);
  });

  test('are bounded, and the oldest go first', async () => {
    for (let i = 0; i < 6; i++) await bed.write(pairsOf(1000, { from: 1000 * i }));
    const pairs = await known();
    expect(pairs.length / ROW).toBe(MAX_PAIRS);
    expect(find(pairs, digestsOf(1, 5999))[0]).toBeGreaterThanOrEqual(0);
    expect(find(pairs, digestsOf(1, 0))[0]).toBe(-1);
  });

  test('of apps with different prefixes are apart', async () => {
    await bed.write(pairsOf(1));
    expect(await bed.storeOf('app-two:').read(QUESTION)).toEqual(new Float64Array());
  });
});

describe('another program’s value under the key', () => {
  test.each([
    ['nothing', ''],
    ['text', 'some text'],
    ['a longer text', 'x'.repeat(500)],
    ['bytes that are no numbers', Buffer.alloc(1000, 0xff)],
  ])('is no score, and gives way: %s', async (_, value) => {
    await bed.client.set(KEY, value);
    expect([...find(await known(), digestsOf(3))]).toEqual([-1, -1, -1]);
    await bed.write(pairsOf(3));
    expect([...find(await known(), digestsOf(3))].every((row) => row >= 0)).toBe(true);
  });

  test('of another type is a failure that rejects nothing, and gives way, too', async () => {
    await bed.client.lpush(KEY, 'a list');
    expect(await bed.store.read(QUESTION)).toBeUndefined();
    await bed.write(pairsOf(1), 'claim-0');
    expect(bed.reports).toEqual(['read failed', 'write ok']);
    expect(bed.closed).toEqual(['claim-0']);
    expect(find((await bed.store.read(QUESTION))!, digestsOf(1))[0]).toBeGreaterThanOrEqual(0);
  });
});
