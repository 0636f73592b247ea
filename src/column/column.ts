/** The column: the layers, their order, and the reasons for it. The same for every endpoint. */

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
import type { Endpoint, PerCall } from '../calls/endpoint.ts';
import { Estimates } from '../calls/estimates.ts';
import type { Observer } from '../calls/observer.ts';
import type { Permits } from '../calls/permit.ts';
import { samplesOf, type Unseen } from '../calls/unseen.ts';
import type { Values } from '../calls/values.ts';
import type { Quotas } from '../quota/quotas.ts';
import { batch } from './batch.ts';
import { type CostLimit, estimated, fitting, learned } from './cost.ts';
import { defanged } from './defang.ts';
import { firewall } from './firewall.ts';
import { flight } from './flight.ts';
import { hold } from './hold.ts';
import { type MemoryLookup, memoryHit, recall, remember } from './memory.ts';
import { onlyIfCached } from './only-if-cached.ts';
import { pace } from './pace.ts';
import { ownQuotaOnly, quota } from './quota.ts';
import { lookAgain, redis } from './redis.ts';
import { renew } from './renew.ts';
import { retry } from './retry.ts';
import { cacheSeam, seam, timed, upstreamSeam } from './seams.ts';
import type { Keep } from './shared/in-parts.ts';
import { split } from './split.ts';
import { verify } from './verify.ts';

/** What the layers around every upstream call need, at any endpoint. */
export interface SpendingOptions {
  /** Undefined: no client has a quota. */
  readonly quotas?: Quotas | undefined;
  readonly permits: (model: string) => Permits;
  /** The most attempts at one call, and the milliseconds that each may take. */
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
  /** Share of cached values that are verified by a new call. */
  readonly verifyRate: number;
  /** Cached values that are answered without passing the layers. Undefined: none are. */
  readonly unseen?: Unseen | undefined;
  /** The version of a model's cached values, which changes when they are purged. */
  readonly versionOf?: ((model: string) => unknown) | undefined;
  /** Undefined: no model's calls have such a limit. */
  readonly costLimitOf?: CostLimit | undefined;
  /** Whether the model's window has room that no call waits for. */
  readonly spare: (model: string) => boolean;
  /** What the firewall in front of the upstream has refused lately, and whether it is then sent in a milder form. */
  readonly refused: Refused;
  readonly defang: boolean;
  /** The longest that a call may take, milliseconds. */
  readonly maxWaitMs: number;
  /** Makes the call. */
  readonly upstream: ItemService<V>;
}

/** Of what a window allows: so much one call may cost, so that others find room beside it. */
const COST_SHARE = 0.25;

export interface Column<V extends Values> extends ItemService<V> {
  /** Answers at once what needs nothing but memory: what no layer but that one has anything to do with. */
  memoryHit(call: MemoryLookup): ItemReply<V> | undefined;
}

export const createColumn = <V extends Values>(options: ColumnOptions<V>): Column<V> => {
  const { endpoint, memory, redis: store, lifetime, verifyRate, versionOf, spare } = options;
  const { refused, maxWaitMs, quotas, observer } = options;
  const { choose, comparison, costs } = endpoint;
  const milder = options.defang ? endpoint.defang : undefined;
  type Answer = ItemReply<V>;
  const estimates = new Estimates();
  const costLimitOf: CostLimit = (model) => (costs ? options.costLimitOf?.(model) : undefined);
  // In bytes, of which each is a token at most.
  const bytesOf = (model: string): number => COST_SHARE * (costLimitOf(model) ?? Number.POSITIVE_INFINITY);
  const { items, bytes } = endpoint.perCall;
  const mostOf = (model: string): PerCall => ({ items, bytes: Math.min(bytes, bytesOf(model)) });
  const keep: Keep<V> = ({ cache, identity }, reply) => {
    if (!cache.write) return;
    memory.add(identity, reply.values, reply.takenAt);
    void store?.write(identity, reply, lifetime.ttlMs + lifetime.staleMs, undefined);
  };
  const column: ItemLayer<V>[] = [
    // Around everything: their background calls take the same way as all others.
    verify({
      rate: verifyRate,
      unseen: options.unseen?.take,
      comparison,
      spare,
      maxWaitMs,
      versionOf,
      onVerified: (...found) => observer.verified(...found),
    }),
    renew<V>({ lifetime, spare, maxWaitMs }),
    // Around the caches and the flights: values that arrive while the refused items are searched for are cached like any
    // others, and calls for the same items share them.
    ...(milder ? [defanged<V>(milder)] : []),
    firewall<V>(refused),
    // Before everything that waits, since a hit costs nothing. It calls the flight in the same synchronous step: a value that
    // arrived between the look-up here and joining the flight would be missed by both.
    seam(cacheSeam<V>(observer, 'memory'), recall({ store: memory, lifetime, choose })),
    // Around the flight: a member must not be refused because the quota of the client that leads it is used up.
    ...(quotas ? [ownQuotaOnly<ItemCall, Answer>()] : []),
    // Before Redis: 200 equal calls make one read there, not 200.
    flight<V>(),
    // Inside the flight, and again inside the batch: either may go on with a request's items after its caller has left, and
    // their bytes must still be counted.
    hold<ItemCall, Answer>(),
    // Inside the flight: memory has the values before the flight's entry is removed, so no call can miss both.
    remember({ store: memory }),
    // Before the queue: values that another process has paid for, or is paying for now, need no permit.
    ...(store ? [seam(cacheSeam<V>(observer, 'redis'), redis({ store, lifetime, choose }))] : []),
    // After every cache, before anything is spent.
    onlyIfCached<V>(),
    // After the caches, so that only unknown items count towards a call's size; before the batch, which fills up the last part.
    ...(costs ? [fitting<V>(estimates, costLimitOf, costs)] : []),
    split<V>((model) => ({ items, bytes: bytesOf(model) }), keep),
    // After the caches, so that only unknown items are merged. Outside the quota and the queue: a call that joins another one
    // pays nothing and takes no place of its own.
    batch<V>({
      most: mostOf,
      keep,
      onJoin: (model) => observer.merged(model),
    }),
    hold<ItemCall, Answer>(),
    // Around the queue: whether there is room for a call may depend on its cost, which grows while others join.
    ...(costs ? [estimated<V>(estimates, mostOf)] : []),
    ...spending<ItemCall, Answer>(options),
    // With the permit granted, if the call waited for it: meanwhile another process may have stored all the values.
    ...(store ? [lookAgain({ store, lifetime, choose })] : []),
    ...(costs ? [learned<V>(estimates)] : []),
    seam(upstreamSeam<ItemCall, Answer>(observer), (inner) => inner),
  ];
  const service = column.reduceRight((inner, layer) => layer(inner), options.upstream);
  const hit = memoryHit({ store: memory, lifetime });
  return {
    answer: (call) => service.answer(call),
    memoryHit(call) {
      const { identity, model } = call;
      if (refused.find(identity) !== undefined) return undefined;
      const reply = hit(call);
      if (reply === undefined || options.unseen?.pass(samplesOf(identity))) return undefined;
      observer.cacheLookup(model, 'memory', 'hit');
      return reply;
    },
  };
};

/** The column of a call whose answer is not cached, such as a streamed one. */
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
  permits,
  attempts,
  attemptMs,
  observer,
}: SpendingOptions): Layer<C, R>[] => [
  // After the caches and inside the flight: only the client that causes a call pays for it. Before the queue: a client without
  // quota is refused at once, and takes no place there. Outside the retries: one call, one charge.
  ...(quotas ? [quota<C, R>(quotas)] : []),
  // Outside the queue: the upstream counts every attempt, so each waits for a permit of its own.
  retry<C, R>({ attempts, onRetry: (model, reason) => observer.retry(model, reason) }),
  // Last before the call: a permit that is granted is used at once, or given back.
  pace<C, R>({
    permits: (model) => timed(permits(model), (ms, reason) => observer.queueWait(model, ms, reason)),
    attemptMs,
  }),
];
