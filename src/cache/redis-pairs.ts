/** The pairs that processes share, in Redis. */

import type { Digests } from '../calls/digests.ts';
import type { Commands } from '../redis/commands.ts';
import { versioned } from '../redis/keys.ts';
import type { OpenedPairs, PairStore } from './by-question.ts';
import { MAX_SKEW_MS } from './freshness.ts';
import { CLAIM, MAX_BYTES, RELEASE, WRITE } from './pair-scripts.ts';
import { fromBytes, type Pairs, toBytes } from './pairs.ts';

/** The claims of all processes, as far as this process knows. */
export interface Claims {
  /** The channel on which the end of a claim is published. */
  readonly channel: string;
  /** Opens a claim of this process, which is named to the others until `close`. Returns its name. */
  open(): string;
  expect(claim: string, answerAt: number): void;
  close(claim: string): void;
  /** Closes a claim that never held anything. */
  discard(claim: string): void;
  ended: PairStore['ended'];
}

export interface RedisPairsOptions {
  readonly commands: Commands;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly claims: Claims;
  /** The longest that a call may take here, milliseconds: a claim that is not ended expires after that. */
  readonly claimMs: number;
}

export const redisPairs = ({ commands, prefix, claims, claimMs }: RedisPairsOptions): PairStore => {
  const claimScript = commands.script('pairsClaim', 2, CLAIM);
  const writeScript = commands.script('pairsWrite', 2, WRITE);
  const releaseScript = commands.script('pairsRelease', 2, RELEASE);
  const pairsKey = (question: string): string => `${prefix}${versioned('pairs')}:{${question}}`;
  const claimsKey = (question: string): string => `${prefix}${versioned('claims')}:{${question}}`;

  /** Opens a claim, and ends it again when it holds nothing. @param look what becomes of a question of which pairs are known */
  const take = async (
    question: string,
    digests: Digests,
    look: 'read' | 'claim',
    ended: readonly string[],
  ): Promise<OpenedPairs | undefined> => {
    const claim = claims.open();
    const reply = await commands.attempt(look, () =>
      claimScript.bytes(
        pairsKey(question),
        claimsKey(question),
        look,
        claim,
        claimMs,
        bytesOf(digests),
        ...ended,
      ),
    );
    const [bytes, ...names] = (reply ?? []) as Buffer[];
    const holders = names.map((name) => (name.length === 0 ? undefined : name.toString('latin1')));
    const taken = holders.includes(undefined);
    // Without a reply, it may hold something.
    if (bytes === undefined) claims.close(claim);
    else if (!taken) claims.discard(claim);
    return (
      bytes && {
        claim: taken ? claim : undefined,
        pairs: fromBytes(bytes, Date.now()),
        holders: names.length === 0 ? undefined : holders,
      }
    );
  };

  return {
    async read(question) {
      // Never more than we would write: another program could have left any amount.
      const bytes = await commands.attempt('read', () =>
        commands.client.getrangeBuffer(pairsKey(question), 0, MAX_BYTES - 1),
      );
      return bytes && fromBytes(bytes, Date.now());
    },

    open: (question, digests) => take(question, digests, 'read', []),

    async claim(question, digests, ended) {
      const taken = await take(question, digests, 'claim', ended);
      return taken && { ...taken, holders: taken.holders ?? [] };
    },

    async write(question, pairs: Pairs, ttlMs, claim) {
      const ttl = Math.ceil(ttlMs);
      await commands.attempt('write', () =>
        writeScript.bytes(
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
      await commands.attempt('release', () =>
        releaseScript.bytes(pairsKey(question), claimsKey(question), claim, claims.channel),
      );
      claims.close(claim);
    },

    expect: (claim, answerAt) => claims.expect(claim, answerAt),
    ended: (...wait) => claims.ended(...wait),
  };
};

const bytesOf = ({ numbers }: Digests): Buffer =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
