/**
 * Sends a small share of cached items again, while the window has room to spare, and compares the values. That a value may be
 * reused among other items is an assumption about the upstream, and this is how we notice that it is wrong.
 *
 * A new value that differs from the cached one means that the model has been replaced, or that values depend on companions.
 * To tell which, the item is sent once more, among other items: if its value is then the same as alone, the model has been
 * replaced; if not, values depend on companions.
 */

import type { ItemLayer, ItemReply } from '../calls/call.ts';
import { Digests } from '../calls/digests.ts';
import type { Comparison, WireCall } from '../calls/endpoint.ts';
import type { Finding } from '../calls/findings.ts';
import { textOf } from '../calls/item.ts';
import type { ValueOf, Values } from '../calls/values.ts';
import { type BackgroundOptions, inBackground } from './background.ts';

export interface VerifyOptions<V extends Values = Float64Array> extends BackgroundOptions {
  readonly comparison: Comparison<V>;
  /** Share of cached pairs, 0 to 1. */
  readonly rate: number;
  /** The number of cached values that were answered since the last call without passing here: they count for samples, too. */
  readonly unseen?: (() => number) | undefined;
  /**
   * Called with what a new value has shown, and its distance from the cached one.
   * @param pair identifies the pair without its texts
   */
  readonly onVerified: (model: string, difference: number, pair: string, finding: Finding) => void;
  /** Changes when a model's cached values are purged: values from before are not compared. */
  readonly versionOf?: ((model: string) => unknown) | undefined;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** The most pairs that wait for an idle moment, and characters of their texts; a sample beyond either is dropped. */
const MAX_PENDING = 16;
const MAX_PENDING_CHARACTERS = 1_000_000;

interface Sample<V extends Values> extends Omit<WireCall, 'items'> {
  readonly item: string;
  readonly question: string;
  /** Identifies question and item. */
  readonly pair: string;
  readonly value: ValueOf<V>;
  readonly version: unknown;
}

const NO_TRACE = { read: false, write: false, forward: true, maxAgeMs: 0, staleIfError: false };

const sizeOf = ({ query, item }: Pick<Sample<Values>, 'query' | 'item'>): number =>
  query.length + item.length;

export const verify =
  <V extends Values = Float64Array>(options: VerifyOptions<V>): ItemLayer<V> =>
  (inner) => {
    const { rate, comparison, spare, maxWaitMs, onVerified, random = Math.random } = options;
    const { distance, tolerance, companions } = comparison;
    const { versionOf = () => undefined, unseen = () => 0 } = options;
    const pending: Sample<V>[] = [];
    let running = false;

    /** The value of the sample's item when it is sent with these companions. */
    const valueAmong = async (sample: Sample<V>, others: readonly string[]): Promise<ValueOf<V>> => {
      const items = [sample.item, ...others];
      const identity = { question: sample.question, digests: Digests.of(items), whole: false };
      const call = inBackground({ ...sample, items, identity }, NO_TRACE, maxWaitMs);
      return (await inner.answer(call)).values[0]!;
    };

    const check = async (sample: Sample<V>): Promise<void> => {
      const { model, value, pair, version } = sample;
      // Alone, since among the same companions even a value that depends on them would be the same.
      const alone = await valueAmong(sample, []);
      if (versionOf(model) !== version) return;
      const difference = distance(alone, value);
      if (difference <= tolerance) return onVerified(model, difference, pair, 'same');
      if (!spare(model)) return;
      const among = await valueAmong(sample, companions(sample.query, sample.item));
      if (versionOf(model) !== version) return;
      const finding = distance(among, alone) > tolerance ? 'dependent' : 'changed';
      onVerified(model, difference, pair, finding);
    };

    const keep = (sample: Sample<V>): void => {
      const characters = pending.reduce((sum, each) => sum + sizeOf(each), sizeOf(sample));
      if (pending.length < MAX_PENDING && characters <= MAX_PENDING_CHARACTERS) pending.push(sample);
    };

    /** Takes the next sample whose model has room to spare. Drops samples of values that were purged since. */
    const next = (): Sample<V> | undefined => {
      const current = pending.filter(({ model, version }) => versionOf(model) === version);
      pending.splice(0, pending.length, ...current);
      const at = pending.findIndex(({ model }) => spare(model));
      return at < 0 ? undefined : pending.splice(at, 1)[0];
    };

    return {
      async answer(call) {
        const version = versionOf(call.model);
        const reply = await inner.answer(call);
        const { identity, model, query, dependsOn } = call;
        // Values that are only reused among the same companions rest on no assumption.
        for (const place of identity.whole ? [] : sample(reply, { rate, random, unseen })) {
          const { question, digests } = identity;
          const item = textOf(call.items[place]!);
          const pair = `${question}.${digests.nameOf(place)}`;
          const value = reply.values[place]!;
          keep({ model, query, dependsOn, item, question, pair, value, version });
        }
        const due = running ? undefined : next();
        if (due !== undefined) {
          running = true;
          check(due)
            // A failure here needs no report: the next call that a request waits for meets it, too.
            .catch(() => {})
            .finally(() => {
              running = false;
            });
        }
        return reply;
      },
    };
  };

/** Indices of cached values to verify: in the long run a share of `rate`, each with the same probability. */
const sample = (
  { sources, stale }: Pick<ItemReply, 'sources' | 'stale'>,
  { rate, random, unseen }: Required<Pick<VerifyOptions, 'rate' | 'random'>> & { unseen: () => number },
): number[] => {
  if (stale || rate === 0) return [];
  const cached = [...sources.keys()].filter(
    (place) => sources[place] === 'memory' || sources[place] === 'redis',
  );
  if (cached.length === 0) return [];
  const due = Math.floor(rate * (cached.length + unseen()) + random());
  const count = Math.min(cached.length, due);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (cached.length - i));
    [cached[i], cached[other]] = [cached[other]!, cached[i]!];
  }
  return cached.slice(0, count);
};
