/** The seams between the layers, where an observer is called: the layers themselves know nothing of metrics. */

import type { Call, ItemCall, ItemReply, Layer, Reply } from '../calls/call.ts';
import { toRerankError } from '../calls/errors.ts';
import type { Observer } from '../calls/observer.ts';
import type { Permits } from '../calls/permit.ts';
import type { Values } from '../calls/values.ts';

interface Seam<C extends Call, R> {
  answered(call: C, reply: R, ms: number): void;
  failed(call: C, thrown: unknown, ms: number): void;
}

/**
 * A layer whose results an observer sees. It calls the layer in the same synchronous step: memory and flight rely on nothing
 * happening between them.
 */
export const seam =
  <C extends Call, R extends Reply>({ answered, failed }: Seam<C, R>, layer: Layer<C, R>): Layer<C, R> =>
  (inner) => {
    const service = layer(inner);
    return {
      answer(call) {
        const started = performance.now();
        const result = service.answer(call);
        result.then(
          (reply) => answered(call, reply, performance.now() - started),
          (thrown) => failed(call, thrown, performance.now() - started),
        );
        return result;
      },
    };
  };

export const cacheSeam = <V extends Values>(
  observer: Observer,
  tier: 'memory' | 'redis',
): Seam<ItemCall, ItemReply<V>> => ({
  answered({ model, cache, isBackground }, { sources, stale }) {
    if (!cache.read || isBackground) return;
    const known = sources.filter((source) => source === tier).length;
    const all = known === sources.length;
    observer.cacheLookup(model, tier, all ? (stale ? 'stale' : 'hit') : known > 0 ? 'partial' : 'miss');
  },
  failed({ model, cache, isBackground }) {
    if (cache.read && !isBackground) observer.cacheLookup(model, tier, 'miss');
  },
});

export const upstreamSeam = <C extends Call, R extends Reply>(observer: Observer): Seam<C, R> => ({
  answered({ attachment = '', model, terms: { client } }, { spent }, ms) {
    observer.upstreamCall({ client, attachment, model, code: '200', ms, spent });
  },
  failed({ attachment = '', model, terms: { client } }, thrown, ms) {
    const { kind, upstreamStatus, upstreamCode: wire } = toRerankError(thrown);
    if (kind === 'firewall_refused') observer.firewallRefused(model);
    const code = upstreamStatus === undefined ? NO_STATUS[kind] : String(upstreamStatus);
    observer.upstreamCall({ client, attachment, model, code: code ?? 'failed', wire, ms, spent: 0 });
  },
});

/** The code under which a call without an answered status is counted. */
const NO_STATUS: Readonly<Record<string, string>> = {
  deadline: 'timeout',
  client_gone: 'cancelled',
  wait_too_long: 'cancelled',
  draining: 'cancelled',
};

export const timed = (permits: Permits, onWait: (ms: number, reason: string) => void): Permits => ({
  async acquire(...asked) {
    const started = performance.now();
    const permit = await permits.acquire(...asked);
    onWait(performance.now() - started, permit.wait.reason);
    return permit;
  },
});
