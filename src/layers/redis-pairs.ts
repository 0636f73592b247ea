/**
 * The pairs that processes share, in Redis. Behind a circuit breaker: a Redis that hangs costs a few callers one
 * time-out, not every caller one.
 */

import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import type { Redis } from 'ioredis';
import type { Digests } from '../rerank/digests.ts';
import { MAX_SKEW_MS } from '../rerank/freshness.ts';
import { fromBytes, type Pairs, toBytes } from '../rerank/pairs.ts';
import { CLAIM, MAX_BYTES, RELEASE, WRITE } from './pair-scripts.ts';
import type { Claimed, PairStore } from './redis.ts';

/** The claims of all processes, as far as this one hears of them. */
export interface Claims {
  /** Where the end of a claim is told. */
  readonly channel: string;
  /** Names a new claim of this process, which is heard of from now on until `close`. */
  open(): string;
  expect(claim: string, answerAt: number): void;
  close(claim: string): void;
  ended: PairStore['ended'];
}

export interface RedisPairsOptions {
  readonly client: Redis;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly claims: Claims;
  /** The longest that a call may take here, milliseconds: a claim that nobody ends is forgotten after that. */
  readonly claimMs: number;
  /** Told about every command sent: its name, whether it worked, and the milliseconds it took. */
  readonly onCommand?: (op: string, ok: boolean, ms: number) => void;
}

/** Failures in a row after which Redis is left alone. */
const FAILURES_TO_OPEN = 3;

/** Milliseconds after which one command tries whether Redis is back. */
const PROBE_AFTER_MS = 1000;

/** Of what lies under these keys. Raised with it, so that releases that run at the same time never misread each other. */
const FORMAT = 3;

/** Something else under one question's keys is that question's trouble alone. */
const isOutage = ({ message }: Error): boolean => !/\bWRONGTYPE\b/.test(message);

type Script = (...args: (string | number | Buffer)[]) => Promise<unknown>;

export const redisPairs = ({ client, prefix, claims, claimMs, onCommand }: RedisPairsOptions): PairStore => {
  const breaker = circuitBreaker(handleWhen(isOutage), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: PROBE_AFTER_MS,
  });
  const scripts = define(client);
  const pairsKey = (question: string): string => `${prefix}pairs${FORMAT}:{${question}}`;
  const claimsKey = (question: string): string => `${prefix}claims${FORMAT}:{${question}}`;

  const run = async <T>(op: string, command: () => Promise<T>): Promise<T | undefined> => {
    // One command is trying whether Redis is back; the others need not wait for what it finds.
    if (breaker.state === CircuitState.HalfOpen) return undefined;
    const started = performance.now();
    try {
      const result = await breaker.execute(command);
      onCommand?.(op, true, performance.now() - started);
      return result;
    } catch (thrown) {
      if (!(thrown instanceof BrokenCircuitError)) onCommand?.(op, false, performance.now() - started);
      return undefined;
    }
  };

  return {
    async read(question) {
      // Never more than may be there: whoever else writes here could have left any amount.
      const bytes = await run('read', () => client.getrangeBuffer(pairsKey(question), 0, MAX_BYTES - 1));
      return bytes && fromBytes(bytes, Date.now());
    },

    async claim(question, digests, ended): Promise<Claimed | undefined> {
      const claim = claims.open();
      const reply = await run('claim', () =>
        scripts.claim(pairsKey(question), claimsKey(question), claim, claimMs, bytesOf(digests), ...ended),
      );
      if (reply === undefined) {
        claims.close(claim);
        return undefined;
      }
      const [pairs, ...names] = reply as Buffer[];
      const holders = names.map((name) => (name.length === 0 ? undefined : name.toString('latin1')));
      const taken = holders.includes(undefined);
      if (!taken) claims.close(claim);
      return { claim: taken ? claim : undefined, pairs: fromBytes(pairs!, Date.now()), holders };
    },

    async write(question, pairs: Pairs, ttlMs, claim) {
      const ttl = Math.ceil(ttlMs);
      await run('write', () =>
        scripts.write(
          pairsKey(question),
          claimsKey(question),
          toBytes(pairs),
          ttl,
          Date.now() - ttl,
          Date.now() + MAX_SKEW_MS,
          claim ?? '',
          claims.channel,
        ),
      );
      if (claim !== undefined) claims.close(claim);
    },

    async release(question, claim) {
      await run('release', () =>
        scripts.release(pairsKey(question), claimsKey(question), claim, claims.channel),
      );
      claims.close(claim);
    },

    expect: (claim, answerAt) => claims.expect(claim, answerAt),
    ended: (claim, signal, onExpected) => claims.ended(claim, signal, onExpected),
  };
};

const bytesOf = ({ numbers }: Digests): Buffer =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);

const define = (client: Redis): Record<'claim' | 'write' | 'release', Script> => {
  const commands = client as unknown as Record<string, Script>;
  const script = (name: string, lua: string): Script => {
    if (commands[name] === undefined) client.defineCommand(name, { numberOfKeys: 2, lua });
    // Rows and digests are bytes, which a reply read as text would damage.
    return (...args) => commands[`${name}Buffer`]!.call(client, ...args);
  };
  return {
    claim: script('pairsClaim', CLAIM),
    write: script('pairsWrite', WRITE),
    release: script('pairsRelease', RELEASE),
  };
};
