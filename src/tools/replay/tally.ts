/** Counts the outcomes of the requests, by client. */

import type { Result } from './caller.ts';
import { percentile } from './percentile.ts';

export const OUTCOMES = [
  'hit',
  'partial',
  'miss',
  'stale',
  'bypass',
  'collapsed',
  'rejected',
  'error',
  'unanswered',
  'wrong',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Figures {
  readonly requests: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Requests that ended without scores, by why. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly repetitions: number;
  /** Billed to callers in `meta`. */
  readonly searchUnits: number;
  /** Milliseconds in the queue of answered requests, from Server-Timing. Undefined if there were none. */
  readonly queueMs: { readonly p50: number | undefined; readonly p99: number | undefined };
  /** Milliseconds from the time a request was due to its final outcome, retries and their waits included. */
  readonly totalMs: { readonly p50: number | undefined; readonly p99: number | undefined };
}

export interface WrongAnswerNote {
  readonly number: number;
  readonly client: string;
  readonly queryId: string;
  readonly reason: string;
}

interface Finished {
  readonly client: string;
  readonly result: Result;
  readonly totalMs: number;
}

/** The wrong answers that are reported: of thousands, the first few show what is wrong. */
const NOTES_KEPT = 10;

export class Tally {
  readonly #finished: Finished[] = [];
  readonly #notes: WrongAnswerNote[] = [];
  #wrong = 0;

  add(request: Omit<WrongAnswerNote, 'reason'>, result: Result, totalMs: number): void {
    this.#finished.push({ client: request.client, result, totalMs });
    if (result.judgement.outcome !== 'wrong') return;
    this.#wrong++;
    const { number, client, queryId } = request;
    const { reason } = result.judgement;
    if (this.#notes.length < NOTES_KEPT) this.#notes.push({ number, client, queryId, reason });
  }

  get finished(): number {
    return this.#finished.length;
  }

  get wrong(): number {
    return this.#wrong;
  }

  /** The first wrong answers. */
  get notes(): readonly WrongAnswerNote[] {
    return this.#notes;
  }

  /** @param client undefined: all together */
  figures(client?: string): Figures {
    const finished = this.#finished.filter((one) => client === undefined || one.client === client);
    const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
    const kinds = new Map<string, number>();
    const queued: number[] = [];
    let repetitions = 0;
    let searchUnits = 0;
    for (const { result } of finished) {
      const { judgement } = result;
      outcomes[judgement.outcome]++;
      repetitions += result.repetitions;
      if ('kind' in judgement) kinds.set(judgement.kind, (kinds.get(judgement.kind) ?? 0) + 1);
      if (!('queueMs' in judgement)) continue;
      queued.push(judgement.queueMs);
      searchUnits += judgement.searchUnits;
    }
    const total = finished.map(({ totalMs }) => totalMs);
    return {
      requests: finished.length,
      outcomes,
      kinds,
      repetitions,
      searchUnits,
      queueMs: { p50: percentile(queued, 50), p99: percentile(queued, 99) },
      totalMs: { p50: percentile(total, 50), p99: percentile(total, 99) },
    };
  }
}
