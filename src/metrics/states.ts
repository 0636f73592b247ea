/** How things are in a gateway at this moment, as its gauges show it. */

export interface States {
  readonly inFlight: () => number;
  readonly bufferedBytes: () => number;
  readonly cacheBytes: () => number;
  readonly cacheEntries: () => number;
  /** What scores are reused for now; `dependent`: less than configured, since they were found to depend on companions. */
  readonly granularities: () => readonly { model: string; granularity: string; dependent: boolean }[];
  readonly queues: () => readonly { model: string; waiting: number }[];
  readonly windows: () => readonly {
    upstream: string;
    model: string;
    limit: number;
    used: number;
    /** Undefined: they are not limited. */
    tokens?: { limit: number; used: number } | undefined;
    alone: boolean;
  }[];
  readonly circuits: () => readonly { upstream: string; open: boolean }[];
  /** Undefined without Redis. */
  readonly redis: () => { readonly up: boolean; readonly state: string } | undefined;
  /** Each key of each client, by its number, and when it was used last: monotonic milliseconds. */
  readonly keys: () => readonly { client: string; key: number; usedAt: number | undefined }[];
  /** Since the start. */
  readonly linesDropped: () => number;
}

/** The rooms of a gateway, as far as they are looked into. */
export interface Rooms {
  readonly models: readonly string[];
  readonly callers: { readonly size: number };
  readonly budget: { readonly held: number };
  readonly front: { readonly bytes: number };
  readonly caches: {
    size(): { readonly bytes: number; readonly entries: number };
    readonly granularities: { readonly all: States['granularities'] };
  };
  readonly pacers: Pick<States, 'windows' | 'circuits'> & { of(model: string): { readonly waiting: number } };
  /** Undefined without Redis. */
  readonly redis: { readonly health: NonNullable<ReturnType<States['redis']>> } | undefined;
  readonly keys: States['keys'];
  readonly linesDropped: States['linesDropped'];
}

export const statesOf = ({
  models,
  callers,
  budget,
  caches,
  front,
  pacers,
  redis,
  ...rest
}: Rooms): States => ({
  inFlight: () => callers.size,
  bufferedBytes: () => budget.held,
  cacheBytes: () => caches.size().bytes + front.bytes,
  cacheEntries: () => caches.size().entries,
  granularities: caches.granularities.all,
  queues: () => models.map((model) => ({ model, waiting: pacers.of(model).waiting })),
  windows: () => pacers.windows(),
  circuits: () => pacers.circuits(),
  redis: () => redis?.health,
  linesDropped: rest.linesDropped,
  keys: rest.keys,
});
