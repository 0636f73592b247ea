/** Pairs in a real Redis, with nobody else's claims to wait for. */

import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { PairStore } from '../../src/cache/by-question.ts';
import { type Pairs, pack } from '../../src/cache/pairs.ts';
import { type Claims, redisPairs } from '../../src/cache/redis-pairs.ts';
import { Digests } from '../../src/calls/digests.ts';
import { connectRedis } from '../../src/redis/client.ts';
import { Commands } from '../../src/redis/commands.ts';
import { until } from '../support/fakes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

export const PREFIX = 'app-one:';
export const QUESTION = 'a-question-of-22-bytes';
export const TTL = 60_000;
export const CLAIM_MS = 5000;

export const digestsOf = (count: number, from = 0): Digests =>
  Digests.of(Array.from({ length: count }, (_, i) => `DOCTEXT ${from + i}`));

/** Pairs of documents `from`, `from + 1`, …, each with this score, and scored at this moment. */
export const pairsOf = (count: number, { from = 0, score = 0.1, at = Date.now() } = {}): Pairs =>
  pack(digestsOf(count, from), new Float64Array(count).fill(score), new Float64Array(count).fill(at));

export class RedisBed {
  server!: TestRedis;
  client!: Redis;
  store!: PairStore;
  /** Names as claims of this process would have, in order. */
  opened: string[] = [];
  closed: string[] = [];
  reports: string[] = [];

  constructor() {
    beforeAll(async () => {
      this.server = await startRedis();
    });
    afterAll(() => this.server.kill());
    beforeEach(async () => {
      await this.server.flush();
      this.opened = [];
      this.closed = [];
      this.reports = [];
      this.client = connectRedis(this.server.url, { commandTimeoutMs: 250, onError: () => {} });
      await until(() => this.client.status === 'ready');
      this.store = this.storeOf(PREFIX);
    });
    afterEach(() => this.client.disconnect());
  }

  storeOf(prefix: string): PairStore {
    const claims: Claims = {
      channel: `${PREFIX}channel`,
      open: () => {
        this.opened.push(`claim-${this.opened.length}`);
        return this.opened.at(-1)!;
      },
      expect() {},
      close: (claim) => void this.closed.push(claim),
      discard: (claim) => void this.closed.push(claim),
      ended: async () => true,
    };
    return redisPairs({
      commands: new Commands({
        client: this.client,
        onCommand: (op, failure) => void this.reports.push(`${op} ${failure ? 'failed' : 'ok'}`),
      }),
      prefix,
      claims,
      claimMs: CLAIM_MS,
    });
  }

  write(pairs: Pairs, claim?: string): Promise<void> {
    return this.store.write(QUESTION, pairs, TTL, claim);
  }
}
