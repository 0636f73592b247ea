/** The live console: a snapshot a second for all who look, however many, and no work at all while nobody does. */

import { RerankError } from '../calls/errors.ts';
import { modelsOf } from '../http/access.ts';
import type { Caller } from '../http/context.ts';
import { History, type Moment } from './history.ts';
import type { Snapshot } from './shown.ts';
import { snapshotOf } from './snapshot.ts';
import type { Sources, Used } from './sources.ts';
import { type Patches, Viewer } from './viewer.ts';

export const MOST_VIEWERS = 20;

/** Milliseconds between two snapshots, at least and at most; */
const LEAST_MS = 1000;
const MOST_MS = 5000;
/** and the share of a processor that they may take. */
const SHARE = 0.01;

/** Who has not read for so long is gone, whatever the connection says. Milliseconds. */
const STALLED_MS = 60_000;

export class Live {
  readonly #sources: Sources;
  readonly #history: History;
  readonly #viewers = new Set<Viewer>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #ended = false;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#history = new History({
      models: sources.models,
      look: (model) => ({ ...usedOf(model, sources.used()), waiting: sources.queueOf(model).waiting }),
    });
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** A stream of server-sent events for a caller. Throws when too many look already, and while the process drains. */
  watch(caller: Caller): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (this.#ended) throw new RerankError('draining');
    if (this.#viewers.size >= MOST_VIEWERS)
      throw new RerankError('buffer_full', `${MOST_VIEWERS} people look at the console already.`);
    const models = modelsOf(caller, this.#sources.models);
    const viewer = new Viewer(caller, this.#history.of(models), () => this.#viewers.delete(viewer));
    this.#viewers.add(viewer);
    // The others are shown something within the second anyway.
    if (this.#viewers.size === 1) this.#lookIn(0);
    return viewer.body;
  }

  /** Tells all who look why they see nothing any more, and shows nothing to others. */
  end(): void {
    this.#ended = true;
    this.#history.stop();
    clearTimeout(this.#timer);
    this.#dismiss('draining');
  }

  #dismiss(reason: string): void {
    for (const viewer of this.#viewers) viewer.end(reason);
    this.#viewers.clear();
  }

  #lookIn(ms: number): void {
    if (this.#looking || this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), ms).unref();
  }

  async #look(): Promise<void> {
    if (this.#viewers.size === 0) return;
    this.#looking = true;
    let spentMs = 0;
    try {
      const dynos = await this.#sources.families();
      const began = performance.now();
      this.#show(dynos);
      spentMs = performance.now() - began;
    } catch {
      // A mistake of ours costs the console, and nothing else.
      this.#dismiss('failed');
    } finally {
      this.#looking = false;
      if (this.#viewers.size > 0) this.#lookIn(Math.min(MOST_MS, Math.max(LEAST_MS, spentMs / SHARE)));
    }
  }

  #show(dynos: Parameters<typeof snapshotOf>[2]): void {
    const now = performance.now();
    const snapshots = new Map<Caller, Snapshot>();
    const patches: Patches = new Map();
    // Looked at once for all: a window may hold a million places.
    const lanes = this.#sources.lanes();
    const sources = { ...this.#sources, lanes: () => lanes };
    for (const viewer of this.#viewers) {
      if (viewer.stalledMs(now) > STALLED_MS) {
        viewer.end('stalled');
        this.#viewers.delete(viewer);
        continue;
      }
      const { caller } = viewer;
      const snapshot = snapshots.get(caller) ?? snapshotOf(caller, sources, dynos);
      snapshots.set(caller, snapshot);
      viewer.show(snapshot, patches);
    }
  }
}

/** All attachments together. */
const usedOf = (model: string, windows: readonly Used[]): Omit<Moment, 'waiting'> => {
  const own = windows.filter((each) => each.model === model);
  const tokens = own.flatMap((each) => each.tokens?.used ?? []);
  return {
    used: added(own.map(({ used }) => used)),
    tokensUsed: tokens.length > 0 ? added(tokens) : undefined,
  };
};

const added = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
