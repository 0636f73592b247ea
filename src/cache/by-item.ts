/**
 * Values of any kind, each kept under its own key: question and item. For large values, of which a question has any number.
 */

import { LRUCache } from 'lru-cache';
import type { Codec } from '../calls/endpoint.ts';
import type { Identity } from '../calls/identity.ts';
import type { Commands } from '../redis/commands.ts';
import { versioned } from '../redis/keys.ts';
import { MAX_SKEW_MS } from './freshness.ts';
import { CLAIM, END, WRITE } from './item-scripts.ts';
import type { Claims } from './redis-pairs.ts';
import type { Known, MemoryStore, Opened, SharedStore } from './stores.ts';
import type { Evictable } from './together.ts';

/** Bytes of an entry besides its value: key, columns of the cache, and what the allocator adds. */
const ENTRY_OVERHEAD_BYTES = 512;

interface Entry<T> {
  readonly value: T;
  readonly takenAt: number;
}

export interface ItemMemory<T> extends MemoryStore<readonly T[]>, Evictable {
  readonly entries: number;
}

/** Evicts the least recently used item first. @param maxBytes 0 keeps nothing */
export const memoryByItem = <T>(codec: Pick<Codec<T>, 'sizeOf'>, maxBytes: number): ItemMemory<T> => {
  const cache = new LRUCache<string, Entry<T>>({
    // Every entry is larger than 1 byte, and the library refuses a bound of 0.
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: ({ value }) => ENTRY_OVERHEAD_BYTES + codec.sizeOf(value),
  });
  return {
    find: (identity) => {
      const known = knownOf(identity, (place) => cache.get(nameOf(identity, place)));
      return known.takenAt.every(Number.isNaN) ? undefined : known;
    },
    add(identity, values, takenAt) {
      for (const [place, value] of values.entries()) {
        const name = nameOf(identity, place);
        // A newer value arrived first: it stays.
        if ((cache.peek(name)?.takenAt ?? 0) > takenAt[place]!) continue;
        cache.set(name, { value, takenAt: takenAt[place]! });
      }
    },
    get bytes() {
      return cache.calculatedSize;
    },
    evict: () => void cache.pop(),
    get entries() {
      return cache.size;
    },
  };
};

export interface SharedByItemOptions<T> {
  readonly commands: Commands;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly claims: Claims;
  /** The longest that a call may take here, milliseconds: a claim that is not ended expires after that. */
  readonly claimMs: number;
  readonly codec: Codec<T>;
}

/** Before each value stands the time at which it left the upstream: a double, epoch milliseconds, little-endian. */
const MOMENT_BYTES = 8;

export const sharedByItem = <T>(options: SharedByItemOptions<T>): SharedStore<readonly T[]> => {
  const { commands, prefix, claims, claimMs, codec } = options;
  const claimScript = commands.script('itemsClaim', undefined, CLAIM);
  const writeScript = commands.script('itemsWrite', undefined, WRITE);
  const endScript = commands.script('itemsEnd', undefined, END);
  const keysOf = (identity: Identity, kind: 'item' | 'itemClaim'): string[] =>
    Array.from(
      { length: identity.digests.count },
      (_, place) => `${prefix}${versioned(kind)}:{${identity.question}}:${identity.digests.nameOf(place)}`,
    );

  const entryOf = (bytes: Buffer | null | undefined): Entry<T> | undefined => {
    if (!bytes || bytes.length <= MOMENT_BYTES || bytes.length > MOMENT_BYTES + codec.maxBytes)
      return undefined;
    const takenAt = bytes.readDoubleLE(0);
    if (!(takenAt >= 0 && takenAt <= Date.now() + MAX_SKEW_MS)) return undefined;
    const value = codec.decode(bytes.subarray(MOMENT_BYTES));
    return value === undefined ? undefined : { value, takenAt };
  };

  const bytesOf = (value: T, takenAt: number): Buffer => {
    const moment = Buffer.alloc(MOMENT_BYTES);
    moment.writeDoubleLE(takenAt);
    return Buffer.concat([moment, codec.encode(value)]);
  };

  /** Opens a claim, and ends it again when it holds nothing. @param look what becomes of a call of which values are known */
  const take = async (
    identity: Identity,
    look: 'read' | 'claim',
    ended: readonly string[],
  ): Promise<Opened<readonly T[]> | undefined> => {
    const claim = claims.open();
    const items = keysOf(identity, 'item');
    const reply = await commands.attempt(look, () =>
      claimScript.bytes(
        2 * items.length,
        ...items,
        ...keysOf(identity, 'itemClaim'),
        look,
        claim,
        claimMs,
        MOMENT_BYTES + codec.maxBytes,
        ...ended,
      ),
    );
    const found = reply as Buffer[] | undefined;
    const names = found?.slice(items.length) ?? [];
    const holders = names.map((name) => (name.length === 0 ? undefined : name.toString('latin1')));
    const taken = holders.includes(undefined);
    // Without a reply, it may hold something.
    if (found === undefined) claims.close(claim);
    else if (!taken) claims.discard(claim);
    return (
      found && {
        claim: taken ? claim : undefined,
        known: knownOf(identity, (place) => entryOf(found[place])),
        holders: names.length === 0 ? undefined : holders,
      }
    );
  };

  return {
    async read(identity) {
      const found = await commands.attempt('read', () =>
        commands.client.mgetBuffer(keysOf(identity, 'item')),
      );
      return found && knownOf(identity, (place) => entryOf(found[place]));
    },

    open: (identity) => take(identity, 'read', []),

    async claim(identity, ended) {
      const taken = await take(identity, 'claim', ended);
      return taken && { ...taken, holders: taken.holders ?? [] };
    },

    async write(identity, { values, takenAt }, ttlMs, claim) {
      const items = keysOf(identity, 'item');
      await commands.attempt('write', () =>
        writeScript.bytes(
          2 * items.length,
          ...items,
          ...keysOf(identity, 'itemClaim'),
          Math.ceil(ttlMs),
          claim ?? '',
          claims.channel,
          ...values.map((value, place) => bytesOf(value, takenAt[place]!)),
        ),
      );
      if (claim !== undefined) claims.close(claim);
    },

    async release(identity, claim) {
      const keys = keysOf(identity, 'itemClaim');
      await commands.attempt('release', () => endScript.bytes(keys.length, ...keys, claim, claims.channel));
      claims.close(claim);
    },

    expect: (claim, answerAt) => claims.expect(claim, answerAt),
    ended: (...wait) => claims.ended(...wait),
  };
};

const nameOf = ({ question, digests }: Identity, place: number): string =>
  `${question}.${digests.nameOf(place)}`;

const knownOf = <T>(
  { digests }: Identity,
  entryAt: (place: number) => Entry<T> | undefined,
): Known<readonly T[]> => {
  const entries = Array.from({ length: digests.count }, (_, place) => entryAt(place));
  return {
    // The value of an item without a time is never read.
    values: entries.map((entry) => entry?.value as T),
    takenAt: Float64Array.from(entries, (entry) => entry?.takenAt ?? Number.NaN),
  };
};
