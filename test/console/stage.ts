/** The console's page in front of a gateway made by hand, whose numbers a test sets as it likes. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { LaneView } from '../../src/console/lane-view.ts';
import { Live } from '../../src/console/live.ts';
import { pages, stream } from '../../src/console/routes.ts';
import type { Service, Sources } from '../../src/console/sources.ts';
import { serve } from '../../src/http/asset.ts';
import type { GatewayEnv } from '../../src/http/context.ts';
import type { OfDyno } from '../../src/metrics/families.ts';

export const MODELS = ['a-rerank-model', 'another-rerank-model', 'an-embed-model'] as const;
export const [RERANK_MODEL, OTHER_MODEL, EMBED_MODEL] = MODELS;

/** Counts by family, and by labels as they stand in a text of metrics. */
type Counts = Record<string, Record<string, number>>;

export interface Scene {
  lanes: LaneView[];
  services: Service[];
  counts: Counts;
  /** By model: calls that wait, and how long one would. */
  waiting: Record<string, { calls: number; expectedMs: number | undefined }>;
  readiness: ReturnType<Sources['readiness']>;
  redis: ReturnType<Sources['redis']>;
  failure: string | undefined;
  version: string;
  dyno: string;
}

export const lane = (model: string, over: Partial<LaneView> = {}): LaneView => ({
  upstream: 'RERANK',
  model,
  limit: 250,
  used: 0,
  spaced: 0,
  foreign: 0,
  pausedMs: 0,
  frees: new Array(30).fill(0),
  alone: false,
  standing: 'good',
  retryMs: 0,
  ...over,
});

/** One for each model. */
export const lanes = (of: (model: string) => Partial<LaneView> = () => ({})): LaneView[] =>
  MODELS.map((model) => lane(model, of(model)));

export const service = (name: string): Service => ({ name, weight: 1, rpm: undefined });

/** A gateway in which nothing has happened yet. */
export const quietScene = (): Scene => ({
  lanes: lanes(),
  services: [service('search')],
  counts: {},
  waiting: {},
  readiness: { draining: false },
  redis: { state: 'up' },
  failure: undefined,
  version: '1.2.3',
  dyno: 'web.1',
});

const familiesOf = ({ dyno, counts }: Scene): OfDyno[] => {
  const families = Object.entries(counts).map(([name, series]) => {
    const shape = { name: `gateway_${name}`, help: '', type: 'counter', labels: [], bounds: [] } as const;
    const values = Object.entries(series).map(([labels, value]) => [labels, [value]] as const);
    return [shape.name, { shape, series: new Map(values) }] as const;
  });
  return [{ dyno, families: new Map(families) }];
};

const sourcesOf = (scene: Scene): Sources => ({
  get version() {
    return scene.version;
  },
  get dyno() {
    return scene.dyno;
  },
  models: MODELS,
  get services() {
    return scene.services;
  },
  windowMs: 60_000,
  families: async () => familiesOf(scene),
  lanes: () => scene.lanes,
  used: () => scene.lanes,
  queueOf: (model) => ({
    waiting: scene.waiting[model]?.calls ?? 0,
    waitingBy: () => new Map(),
    expectedMs: () => (model in scene.waiting ? scene.waiting[model]!.expectedMs : 0),
  }),
  quotaOf: () => undefined,
  granularities: () => MODELS.map((model) => ({ model, granularity: 'document', dependent: false })),
  lastFailure: () => scene.failure,
  readiness: () => scene.readiness,
  redis: () => scene.redis,
});

export interface Stage {
  readonly url: string;
  readonly scene: Scene;
  /** Nobody is answered any more, until `resume`. */
  cut(): void;
  resume(): void;
  /** When the stream was asked for while nobody was answered, monotonic milliseconds. */
  readonly attempts: readonly number[];
  /** It says good-bye to all who look. */
  drain(): void;
  stop(): Promise<void>;
}

export const startStage = async (scene: Scene = quietScene()): Promise<Stage> => {
  const sources = sourcesOf(scene);
  const live = new Live(sources);
  const app = new Hono<GatewayEnv>();
  for (const [path, asset] of Object.entries(pages(true))) app.get(path, serve(asset));
  app.get(
    '/console/live',
    async (c, next) => {
      c.set('caller', { name: 'boss', models: undefined, admin: true });
      c.set('record', { id: 'of-nobody' } as never);
      await next();
    },
    stream(live),
  );
  app.onError((thrown, c) => c.json({ message: thrown.message }, 503));
  let isCut = false;
  const attempts: number[] = [];
  const listener = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => {
    if (isCut) {
      attempts.push(performance.now());
      incoming.destroy();
    } else void listener(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    scene,
    cut() {
      isCut = true;
      server.closeAllConnections();
    },
    resume() {
      isCut = false;
    },
    attempts,
    drain: () => live.end(),
    async stop() {
      live.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
