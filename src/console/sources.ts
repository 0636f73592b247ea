/** What the console is given to show: functions that say how things are at this moment. */

import type { Granularity } from '../calls/call.ts';
import type { QuotaState } from '../http/quota-headers.ts';
import type { OfDyno } from '../metrics/families.ts';
import type { PacedLane } from '../pacing/pacers.ts';
import { type LaneView, laneViewOf } from './lane-view.ts';

export interface Queue {
  readonly waiting: number;
  /** Calls that wait, by service. */
  waitingBy(): ReadonlyMap<string, number>;
  /** Milliseconds that a call of a service would wait if it came now; undefined when nobody could make it. */
  expectedMs(service: string): number | undefined;
}

export interface Used {
  readonly model: string;
  readonly used: number;
  readonly tokens?: { readonly used: number } | undefined;
}

export interface Service {
  readonly name: string;
  readonly weight: number;
  readonly rpm: number | undefined;
}

export interface Sources {
  readonly version: string;
  /** This process's name among those of the fleet. */
  readonly dyno: string;
  readonly models: readonly string[];
  readonly services: readonly Service[];
  readonly windowMs: number;
  /** The metrics of the whole fleet, by process. */
  families(): Promise<readonly OfDyno[]>;
  lanes(): readonly LaneView[];
  /** Places held in each window, and tokens where they have a limit: the part of `lanes` that costs nothing. */
  used(): readonly Used[];
  queueOf(model: string): Queue;
  /** Undefined for a service without a quota. */
  quotaOf(service: string): QuotaState | undefined;
  granularities(): readonly { model: string; granularity: Granularity; dependent: boolean }[];
  /** What the latest call to an attachment that failed ended in. */
  lastFailure(attachment: string): string | undefined;
  readiness(): {
    readonly draining: boolean;
    readonly alone?: boolean;
    readonly reason?: string | undefined;
  };
  /** Undefined without Redis. */
  redis(): { readonly state: string } | undefined;
}

/** The rooms of a gateway, as far as they are shown. */
export interface Rooms extends Pick<Sources, 'version' | 'models' | 'readiness'> {
  readonly config: {
    readonly dyno: string;
    readonly rateWindowMs: number;
    readonly clients: Sources['services'];
  };
  readonly pacers: {
    readonly lanes: readonly PacedLane[];
    windows: Sources['used'];
    of: Sources['queueOf'];
  };
  readonly quotas: { readonly stateOf: Sources['quotaOf'] };
  readonly caches: { readonly granularities: { readonly all: Sources['granularities'] } };
  readonly recorder: Pick<Sources, 'lastFailure'>;
  readonly exposition: Pick<Sources, 'families'>;
  /** Undefined without Redis. */
  readonly redis: { readonly health: { readonly state: string } } | undefined;
}

const ANYONE: Service = { name: 'default', weight: 1, rpm: undefined };

export const sourcesOf = ({ config, pacers, quotas, caches, redis, ...rooms }: Rooms): Sources => ({
  version: rooms.version,
  dyno: config.dyno,
  models: rooms.models,
  services: config.clients.length > 0 ? config.clients : [ANYONE],
  windowMs: config.rateWindowMs,
  families: () => rooms.exposition.families(),
  lanes: () => pacers.lanes.map(laneViewOf),
  used: () => pacers.windows(),
  queueOf: (model) => pacers.of(model),
  quotaOf: quotas.stateOf,
  granularities: caches.granularities.all,
  lastFailure: rooms.recorder.lastFailure,
  readiness: rooms.readiness,
  redis: () => redis?.health,
});
