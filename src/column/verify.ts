/**
 * Scores a small share of what caches have answered again, while the window has room to spare: whether a score may be reused
 * among other documents is an assumption about the upstream, and this is how one hears that it is wrong.
 *
 * A score that is not the cached one any more says that the model is another, or that scores depend on companions. Which of
 * the two, its pair tells when it is scored once more, among other documents: today's model gives it the score that it has
 * alone, or another one.
 */

import { Digests } from '../calls/digests.ts';
import type { Ask, Layer, Scores } from '../calls/scoring.ts';
import { SCORE_TOLERANCE } from '../endpoints/rerank/tolerance.ts';
import { type BackgroundOptions, inBackground } from './background.ts';

export interface VerifyOptions extends BackgroundOptions {
  /** Share of cached pairs, 0 to 1. */
  readonly rate: number;
  /**
   * Told how far a new score is from the cached one: within the tolerance they count as the same, else scores depend on
   * companions.
   * @param pair names the pair, without its texts
   */
  readonly onVerified: (model: string, difference: number, pair: string) => void;
  /** Told in its place when the new score is another wherever it is asked for: the model has changed. */
  readonly onChanged?: (model: string, difference: number, pair: string) => void;
  /** Changes when a model's cached scores are left behind: what was answered before is not compared. */
  readonly versionOf?: (model: string) => unknown;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Pairs that wait for an idle moment, and the characters of their texts; what would pass either is forgotten. */
const MAX_PENDING = 16;
const MAX_PENDING_CHARACTERS = 1_000_000;

interface Sample extends Pick<Ask, 'model' | 'query'> {
  readonly document: string;
  readonly question: string;
  /** Of the question and the document. */
  readonly pair: string;
  readonly value: number;
  readonly version: unknown;
}

const NO_TRACE = { read: false, write: false, forward: true, maxAgeMs: 0, staleIfError: false };

/** What stands beside a document in place of its companions: the query, as relevant as can be, and something that is not. */
const companionsOf = ({ query, document }: Sample): string[] =>
  [query, 'The weather was fine on most days of that week.'].filter((text) => text !== document);

const sizeOf = ({ query, document }: Pick<Sample, 'query' | 'document'>): number =>
  query.length + document.length;

export const verify =
  (options: VerifyOptions): Layer =>
  (inner) => {
    const { rate, spare, maxWaitMs, onVerified, random = Math.random } = options;
    const { onChanged = () => {}, versionOf = () => undefined } = options;
    const pending: Sample[] = [];
    let running = false;

    /** The sample's score among these. */
    const scoreOf = async (sample: Sample, companions: readonly string[]): Promise<number> => {
      const documents = [sample.document, ...companions];
      const { model, query, question } = sample;
      const identity = { question, digests: Digests.of(documents), whole: false };
      const ask = inBackground({ model, query, documents, identity }, NO_TRACE, maxWaitMs);
      return (await inner.score(ask)).values[0]!;
    };

    const check = async (sample: Sample): Promise<void> => {
      const { model, value, pair, version } = sample;
      // Alone, since among the same companions even a score that depends on them would be the same.
      const alone = await scoreOf(sample, []);
      if (versionOf(model) !== version) return;
      const difference = Math.abs(alone - value);
      if (difference <= SCORE_TOLERANCE) return onVerified(model, difference, pair);
      if (!spare(model)) return;
      const among = await scoreOf(sample, companionsOf(sample));
      if (versionOf(model) !== version) return;
      const tell = Math.abs(among - alone) > SCORE_TOLERANCE ? onVerified : onChanged;
      tell(model, difference, pair);
    };

    const keep = (sample: Sample): void => {
      const characters = pending.reduce((sum, each) => sum + sizeOf(each), sizeOf(sample));
      if (pending.length < MAX_PENDING && characters <= MAX_PENDING_CHARACTERS) pending.push(sample);
    };

    /** Takes the next one whose model has room to spare. What was answered before its scores were left behind goes. */
    const next = (): Sample | undefined => {
      const current = pending.filter(({ model, version }) => versionOf(model) === version);
      pending.splice(0, pending.length, ...current);
      const at = pending.findIndex(({ model }) => spare(model));
      return at < 0 ? undefined : pending.splice(at, 1)[0];
    };

    return {
      async score(ask) {
        const version = versionOf(ask.model);
        const scores = await inner.score(ask);
        const { identity, model, query } = ask;
        // What is only reused among the same companions rests on no assumption.
        for (const place of identity.whole ? [] : sample(scores, rate, random)) {
          const { question, digests } = identity;
          const document = ask.documents[place]!;
          const pair = `${question}.${digests.nameOf(place)}`;
          keep({ model, query, document, question, pair, value: scores.values[place]!, version });
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
        return scores;
      },
    };
  };

/** Places of cached scores: in the long run `rate` of them, each with the same chance. */
const sample = ({ sources, stale }: Scores, rate: number, random: () => number): number[] => {
  if (stale || rate === 0) return [];
  const cached = [...sources.keys()].filter(
    (place) => sources[place] === 'memory' || sources[place] === 'redis',
  );
  const count = Math.floor(rate * cached.length + random());
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (cached.length - i));
    [cached[i], cached[other]] = [cached[other]!, cached[i]!];
  }
  return cached.slice(0, count);
};
