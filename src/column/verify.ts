/**
 * Has a small share of what caches have answered answered again, while the window has room to spare: whether a score may be reused
 * among other documents is an assumption about the upstream, and this is how one hears that it is wrong.
 *
 * A score that is not the cached one any more says that the model is another, or that scores depend on companions. Which of
 * the two, its pair tells when it is scored once more, among other documents: today's model gives it the score that it has
 * alone, or another one.
 */

import type { ItemCall, ItemLayer, ItemReply } from '../calls/call.ts';
import { Digests } from '../calls/digests.ts';
import type { Comparison } from '../calls/endpoint.ts';
import type { Finding } from '../calls/findings.ts';
import type { ValueOf, Values } from '../calls/values.ts';
import { type BackgroundOptions, inBackground } from './background.ts';

export interface VerifyOptions<V extends Values = Float64Array> extends BackgroundOptions {
  readonly comparison: Comparison<V>;
  /** Share of cached pairs, 0 to 1. */
  readonly rate: number;
  /** Cached values that were answered since it was last asked, and never came here: samples are taken for them, too. */
  readonly unseen?: (() => number) | undefined;
  /**
   * Told what a new value has shown, and how far it is from the cached one.
   * @param pair names the pair, without its texts
   */
  readonly onVerified: (model: string, difference: number, pair: string, finding: Finding) => void;
  /** Changes when a model's cached values are left behind: what was answered before is not compared. */
  readonly versionOf?: ((model: string) => unknown) | undefined;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Pairs that wait for an idle moment, and the characters of their texts; what would pass either is forgotten. */
const MAX_PENDING = 16;
const MAX_PENDING_CHARACTERS = 1_000_000;

interface Sample<V extends Values> extends Pick<ItemCall, 'model' | 'query'> {
  readonly item: string;
  readonly question: string;
  /** Of the question and the item. */
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

    /** The sample's value among these. */
    const valueAmong = async (sample: Sample<V>, others: readonly string[]): Promise<ValueOf<V>> => {
      const items = [sample.item, ...others];
      const { model, query, question } = sample;
      const identity = { question, digests: Digests.of(items), whole: false };
      const call = inBackground({ model, query, items, identity }, NO_TRACE, maxWaitMs);
      return (await inner.answer(call)).values[0]!;
    };

    const check = async (sample: Sample<V>): Promise<void> => {
      const { model, value, pair, version } = sample;
      // Alone, since among the same companions even a score that depends on them would be the same.
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

    /** Takes the next one whose model has room to spare. What was answered before its scores were left behind goes. */
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
        const { identity, model, query } = call;
        // What is only reused among the same companions rests on no assumption.
        for (const place of identity.whole ? [] : sample(reply, { rate, random, unseen })) {
          const { question, digests } = identity;
          const item = call.items[place]!;
          const pair = `${question}.${digests.nameOf(place)}`;
          keep({ model, query, item, question, pair, value: reply.values[place]!, version });
        }
        const due = running ? undefined : next();
        if (due !== undefined) {
          running = true;
          check(due)
            // Whatever it was, the next call that somebody waits for tells it.
            .catch(() => {})
            .finally(() => {
              running = false;
            });
        }
        return reply;
      },
    };
  };

/** Places of cached values: in the long run `rate` of them, each with the same chance. */
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
