/** The column: who answers what an ask needs, in which order, and why in that order. */

import type { Lifetime } from '../cache/freshness.ts';
import type { Refused } from '../cache/refused.ts';
import type { MemoryStore, PairStore } from '../cache/stores.ts';
import type { Observer } from '../calls/observer.ts';
import type { Layer, Scorer } from '../calls/scoring.ts';
import { SCORE_TOLERANCE } from '../endpoints/rerank/tolerance.ts';
import type { Quotas } from '../quota/quotas.ts';
import { batch } from './batch.ts';
import { defanged } from './defang.ts';
import { firewall } from './firewall.ts';
import { flight } from './flight.ts';
import { hold } from './hold.ts';
import { recall, remember } from './memory.ts';
import { onlyIfCached } from './only-if-cached.ts';
import { pace, type Slots } from './pace.ts';
import { ownQuotaOnly, quota } from './quota.ts';
import { lookAgain, redis } from './redis.ts';
import { renew } from './renew.ts';
import { retry } from './retry.ts';
import { cacheSeam, seam, timed, upstreamSeam } from './seams.ts';
import { verify } from './verify.ts';

export interface ScorerOptions {
  readonly memory: MemoryStore;
  /** Undefined without Redis. */
  readonly redis: PairStore | undefined;
  readonly lifetime: Lifetime;
  /** Share of cached pairs that is scored again. */
  readonly verifyRate: number;
  /** Changes when a model's cached scores are left behind. */
  readonly versionOf?: (model: string) => unknown;
  /** The model's window has room that nobody waits for. */
  readonly spare: (model: string) => boolean;
  /** What the firewall in front of the upstream has refused of late, and whether that is scored in a milder form. */
  readonly refused: Refused;
  readonly defang: boolean;
  /** The longest that an ask may take, milliseconds. */
  readonly maxWaitMs: number;
  /** Undefined: no client has one. */
  readonly quotas?: Quotas | undefined;
  readonly slots: (model: string) => Slots;
  /** Calls that one ask may cost, and the milliseconds that each may take. */
  readonly attempts: number;
  readonly attemptMs: number;
  /** Makes the call. */
  readonly upstream: Scorer;
  readonly observer: Observer;
}

export const createScorer = ({
  memory,
  redis: store,
  lifetime,
  verifyRate,
  versionOf = () => undefined,
  spare,
  refused,
  defang,
  maxWaitMs,
  quotas,
  slots,
  attempts,
  attemptMs,
  upstream,
  observer,
}: ScorerOptions): Scorer => {
  const onVerified = (model: string, difference: number, pair: string): void =>
    observer.verified(model, difference, pair, difference <= SCORE_TOLERANCE ? 'same' : 'dependent');
  const onChanged = (model: string, difference: number, pair: string): void =>
    observer.verified(model, difference, pair, 'changed');
  const column: Layer[] = [
    // Around everything: what they ask in the background takes the same way as all other asks.
    verify({ rate: verifyRate, spare, maxWaitMs, onVerified, onChanged, versionOf }),
    renew({ lifetime, spare, maxWaitMs }),
    // Around the caches and the flights: what is scored while it is found out what the firewall is against is kept like
    // any other score, and who asks for the same shares it.
    ...(defang ? [defanged()] : []),
    firewall(refused),
    // Before all that waits, since a hit costs nothing. It calls the flight in the same synchronous step: a score that
    // arrived between the look-up here and the joining there would be missed by both.
    seam(cacheSeam(observer, 'memory'), recall({ store: memory, lifetime })),
    // Around the flight: a member is not refused because the one that leads it has used up its own quota.
    ...(quotas ? [ownQuotaOnly()] : []),
    // Before Redis: 200 callers who ask the same make one read there, not 200.
    flight(),
    // Inside the flight, and again inside the batch: either may go on with a request's documents when its caller has left,
    // and then their bytes are still to be counted.
    hold(),
    // Inside the flight: memory knows the scores before the flight's entry goes, so nobody falls between the two.
    remember({ store: memory }),
    // Before the queue: what another process has paid for, or is paying for now, needs no slot.
    ...(store ? [seam(cacheSeam(observer, 'redis'), redis({ store, lifetime }))] : []),
    // After every cache has been asked, before anything is spent.
    onlyIfCached(),
    // After the caches, so that only what nobody knows is added to a call. Outside the quota and the queue: who joins a
    // call pays for nothing, and takes no place of his own.
    batch({ onJoin: (model) => observer.merged(model) }),
    hold(),
    // After the caches and inside the flight: only who causes a call pays for one. Before the queue: who has nothing left
    // is told at once, and takes nobody's place there. Outside whatever tries again: one ask, one charge.
    ...(quotas ? [quota(quotas)] : []),
    // Outside the queue: the upstream counts every attempt, so each waits for a slot of its own.
    retry({ attempts, onRetry: (model, reason) => observer.retry(model, reason) }),
    // Last before the call: a slot that is granted is used at once, or given back.
    pace({
      slots: (model) => timed(slots(model), (ms, reason) => observer.queueWait(model, ms, reason)),
      attemptMs,
    }),
    // With the slot in hand: while the call waited, another process may have scored it all.
    ...(store ? [lookAgain({ store, lifetime })] : []),
    seam(upstreamSeam(observer), (inner) => inner),
  ];
  return column.reduceRight((inner, layer) => layer(inner), upstream);
};
