/** The seams between the layers, where somebody listens: the layers themselves know of no metrics. */

import { toRerankError } from '../calls/errors.ts';
import type { Observer } from '../calls/observer.ts';
import type { Ask, Layer, Scores } from '../calls/scoring.ts';
import type { Slots } from './pace.ts';

interface Seam {
  scored(ask: Ask, scores: Scores, ms: number): void;
  failed(ask: Ask, thrown: unknown, ms: number): void;
}

/**
 * A layer with somebody listening at it. It calls the layer in the same step: memory and flight rely on nothing happening
 * between them.
 */
export const seam =
  ({ scored, failed }: Seam, layer: Layer): Layer =>
  (inner) => {
    const scorer = layer(inner);
    return {
      score(ask) {
        const started = performance.now();
        const result = scorer.score(ask);
        result.then(
          (scores) => scored(ask, scores, performance.now() - started),
          (thrown) => failed(ask, thrown, performance.now() - started),
        );
        return result;
      },
    };
  };

export const cacheSeam = (observer: Observer, tier: 'memory' | 'redis'): Seam => ({
  scored({ model, cache, isBackground }, { sources, stale }) {
    if (!cache.read || isBackground) return;
    const known = sources.filter((source) => source === tier).length;
    const all = known === sources.length;
    observer.cacheLookup(model, tier, all ? (stale ? 'stale' : 'hit') : known > 0 ? 'partial' : 'miss');
  },
  failed({ model, cache, isBackground }) {
    if (cache.read && !isBackground) observer.cacheLookup(model, tier, 'miss');
  },
});

export const upstreamSeam = (observer: Observer): Seam => ({
  scored({ attachment = '', model }, { searchUnits }, ms) {
    observer.upstreamCall({ attachment, model, code: '200', ms, searchUnits });
  },
  failed({ attachment = '', model }, thrown, ms) {
    const { kind, upstreamStatus } = toRerankError(thrown);
    if (kind === 'firewall_refused') observer.firewallRefused(model);
    const code = upstreamStatus === undefined ? NO_STATUS[kind] : String(upstreamStatus);
    observer.upstreamCall({ attachment, model, code: code ?? 'failed', ms, searchUnits: 0 });
  },
});

/** What is said of a call to which no status was answered. */
const NO_STATUS: Readonly<Record<string, string>> = {
  deadline: 'timeout',
  client_gone: 'cancelled',
  wait_too_long: 'cancelled',
  draining: 'cancelled',
};

export const timed = (slots: Slots, onWait: (ms: number, reason: string) => void): Slots => ({
  async acquire(...asked) {
    const started = performance.now();
    const slot = await slots.acquire(...asked);
    onWait(performance.now() - started, slot.wait.reason);
    return slot;
  },
});
