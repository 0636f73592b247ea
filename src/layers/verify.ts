/**
 * Scores a small share of what caches have answered again, alone and while the window has room to spare: whether a score
 * may be reused among other documents is an assumption about the upstream, and this is how one hears that it is wrong.
 */

import type { Ask, Layer, Scores } from '../rerank/scoring.ts';
import { askInBackground, type BackgroundOptions } from './background.ts';

export interface VerifyOptions extends BackgroundOptions {
  /** Share of cached pairs, 0 to 1. */
  readonly rate: number;
  /** Told how far a new score is from the cached one. */
  readonly onVerified: (model: string, difference: number) => void;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Pairs that wait for an idle moment; more are forgotten. Each keeps a query and its documents in memory. */
const MAX_PENDING = 16;

/** One pair: alone, since among the same companions even a score that depends on them would be the same. */
interface Sample {
  readonly ask: Ask;
  readonly place: number;
  readonly value: number;
}

const NO_TRACE = { read: false, write: false, forward: true, maxAgeMs: 0, staleIfError: false };

export const verify =
  ({ rate, spare, maxWaitMs, onVerified, random = Math.random }: VerifyOptions): Layer =>
  (inner) => {
    const pending: Sample[] = [];
    let running = false;

    const check = async ({ ask, place, value }: Sample): Promise<void> => {
      running = true;
      try {
        const { values } = await askInBackground(inner, ask, [place], NO_TRACE, maxWaitMs);
        onVerified(ask.model, Math.abs(values[0]! - value));
      } catch {
        // Whatever it was, the next call that somebody waits for tells it.
      } finally {
        running = false;
      }
    };

    return {
      async score(ask) {
        const scores = await inner.score(ask);
        // What is only reused among the same companions rests on no assumption.
        for (const place of ask.identity.whole ? [] : sample(scores, rate, random)) {
          if (pending.length < MAX_PENDING) pending.push({ ask, place, value: scores.values[place]! });
        }
        const next = running ? -1 : pending.findIndex(({ ask: { model } }) => spare(model));
        if (next >= 0) void check(pending.splice(next, 1)[0]!);
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
