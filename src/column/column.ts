/** The column: who answers what a call needs, in which order, and why in that order. The same for every endpoint. */

import type { Lifetime } from '../cache/freshness.ts';
import type { Refused } from '../cache/refused.ts';
import type { MemoryStore, SharedStore } from '../cache/stores.ts';
import type {
  Call,
  ItemCall,
  ItemLayer,
  ItemReply,
  ItemService,
  Layer,
  Reply,
  Service,
} from '../calls/call.ts';
import type { Endpoint } from '../calls/endpoint.ts';
import type { Observer } from '../calls/observer.ts';
import type { Values } from '../calls/values.ts';
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
import { split } from './split.ts';
import { verify } from './verify.ts';

/** What a call needs to be made, whatever it is about. */
export interface SpendingOptions {
  /** Undefined: no client has one. */
  readonly quotas?: Quotas | undefined;
  readonly slots: (model: string) => Slots;
  /** Attempts that one call may cost, and the milliseconds that each may take. */
  readonly attempts: number;
  readonly attemptMs: number;
  readonly observer: Observer;
}

export interface ColumnOptions<V extends Values> extends SpendingOptions {
  readonly endpoint: Endpoint<V>;
  readonly memory: MemoryStore<V>;
  /** Undefined without Redis. */
  readonly redis: SharedStore<V> | undefined;
  readonly lifetime: Lifetime;
  /** Share of cached values that is asked for again. */
  readonly verifyRate: number;
  /** Cached values that were answered since the last call, and never came here. */
  readonly unseen?: (() => number) | undefined;
  /** Changes when a model's cached values are left behind. */
  readonly versionOf?: ((model: string) => unknown) | undefined;
  /** The model's window has room that nobody waits for. */
  readonly spare: (model: string) => boolean;
  /** What the firewall in front of the upstream has refused of late, and whether that is sent in a milder form. */
  readonly refused: Refused;
  readonly defang: boolean;
  /** The longest that a call may take, milliseconds. */
  readonly maxWaitMs: number;
  /** Makes the call. */
  readonly upstream: ItemService<V>;
}

export const createColumn = <V extends Values>(options: ColumnOptions<V>): ItemService<V> => {
  const { endpoint, memory, redis: store, lifetime, verifyRate, versionOf, spare } = options;
  const { refused, maxWaitMs, quotas, observer } = options;
  const { choose, comparison, perCall } = endpoint;
  const milder = options.defang ? endpoint.defang : undefined;
  type Answer = ItemReply<V>;
  const column: ItemLayer<V>[] = [
    // Around everything: what they ask in the background takes the same way as all other calls.
    verify({
      rate: verifyRate,
      unseen: options.unseen,
      comparison,
      spare,
      maxWaitMs,
      versionOf,
      onVerified: (...found) => observer.verified(...found),
    }),
    renew<V>({ lifetime, spare, maxWaitMs }),
    // Around the caches and the flights: what is answered while it is found out what the firewall is against is kept like
    // any other value, and who asks for the same shares it.
    ...(milder ? [defanged<V>(milder)] : []),
    firewall<V>(refused),
    // Before all that waits, since a hit costs nothing. It calls the flight in the same synchronous step: a value that
    // arrived between the look-up here and the joining there would be missed by both.
    seam(cacheSeam<V>(observer, 'memory'), recall({ store: memory, lifetime, choose })),
    // Around the flight: a member is not refused because the one that leads it has used up its own quota.
    ...(quotas ? [ownQuotaOnly<ItemCall, Answer>()] : []),
    // Before Redis: 200 callers who ask the same make one read there, not 200.
    flight<V>(),
    // Inside the flight, and again inside the batch: either may go on with a request's items when its caller has left,
    // and then their bytes are still to be counted.
    hold<ItemCall, Answer>(),
    // Inside the flight: memory knows the values before the flight's entry goes, so nobody falls between the two.
    remember({ store: memory }),
    // Before the queue: what another process has paid for, or is paying for now, needs no slot.
    ...(store ? [seam(cacheSeam<V>(observer, 'redis'), redis({ store, lifetime, choose }))] : []),
    // After every cache has been asked, before anything is spent.
    onlyIfCached<V>(),
    // After the caches, so that only what nobody knows makes a call large; before the batch, which fills up the last part.
    split<V>(perCall),
    // After the caches, so that only what nobody knows is added to a call. Outside the quota and the queue: who joins a
    // call pays for nothing, and takes no place of his own.
    batch<V>({ most: perCall, onJoin: (model) => observer.merged(model) }),
    hold<ItemCall, Answer>(),
    ...spending<ItemCall, Answer>(options),
    // With the slot in hand: while the call waited, another process may have had it all answered.
    ...(store ? [lookAgain({ store, lifetime, choose })] : []),
    seam(upstreamSeam<ItemCall, Answer>(observer), (inner) => inner),
  ];
  return column.reduceRight((inner, layer) => layer(inner), options.upstream);
};

/** What stands around a call that nothing is kept of: an answer that is streamed, for one. */
export const createPassage = <C extends Call, R extends Reply>(
  options: SpendingOptions & { readonly upstream: Service<C, R> },
): Service<C, R> => {
  const column: Layer<C, R>[] = [
    ...spending<C, R>(options),
    seam(upstreamSeam<C, R>(options.observer), (inner) => inner),
  ];
  return column.reduceRight((inner, layer) => layer(inner), options.upstream);
};

const spending = <C extends Call, R extends Reply>({
  quotas,
  slots,
  attempts,
  attemptMs,
  observer,
}: SpendingOptions): Layer<C, R>[] => [
  // After the caches and inside the flight: only who causes a call pays for one. Before the queue: who has nothing left
  // is told at once, and takes nobody's place there. Outside whatever tries again: one call, one charge.
  ...(quotas ? [quota<C, R>(quotas)] : []),
  // Outside the queue: the upstream counts every attempt, so each waits for a slot of its own.
  retry<C, R>({ attempts, onRetry: (model, reason) => observer.retry(model, reason) }),
  // Last before the call: a slot that is granted is used at once, or given back.
  pace<C, R>({
    slots: (model) => timed(slots(model), (ms, reason) => observer.queueWait(model, ms, reason)),
    attemptMs,
  }),
];
