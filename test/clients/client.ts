/** What differs between clients: how they are set up and asked, and how they say what went wrong. */

export interface Question {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly string[];
  readonly topN: number;
}

/** A document, by its place in the question. */
export interface Ranked {
  readonly index: number;
  readonly score: number;
}

export interface Setting {
  /** The gateway's, without a path. */
  readonly url: string;
  readonly key: string;
  /** False: not to ask again by itself, where it can be told so. */
  readonly retries: boolean;
  /** For a client that gives up by a signal. */
  readonly signal?: AbortSignal;
  /** Seconds, for a client that gives up by a time-out. */
  readonly timeout?: number;
}

/** An error as its developer sees it. */
export interface Shown {
  /** The class, or whatever else tells kinds of errors apart. */
  readonly kind: string;
  readonly status?: number | undefined;
  readonly message: string;
}

export type Status = 400 | 401 | 403 | 404 | 413 | 429 | 502 | 503 | 504;

export interface Client {
  readonly name: string;
  /** Best first. Rejects with whatever the client says. */
  rank(setting: Setting, question: Question): Promise<readonly Ranked[]>;
  shown(error: unknown): Shown;
  /** Of the error for each status. */
  readonly kinds: Readonly<Record<Status, string>>;
  /** What it does by itself after an answer with `Retry-After`. */
  readonly again: Readonly<Record<429 | 503, 'as told' | 'at once' | 'never'>>;
  /** Seconds, whole, that it waits before it asks again when nobody says how long. */
  readonly ownPause?: number;
  readonly leaves: 'by a signal' | 'by a time-out' | 'by a time-out, and asks again' | 'never';
  /** Of its error when it has given up for good. */
  readonly left?: Partial<Shown>;
}

interface HttpError extends Error {
  readonly statusCode?: number;
  readonly status?: number;
}

/** An error that is an object with a status, as most packages have it. */
export const shownError = (error: unknown): Shown => {
  const { message, statusCode, status = statusCode } = error as HttpError;
  return { kind: (error as object).constructor.name, status, message };
};

/** The gateway's, as it stands in the body. */
export interface Answer {
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[];
}

export const ranked = ({ results }: Answer): Ranked[] =>
  results.map(({ index, relevance_score: score }) => ({ index, score }));
