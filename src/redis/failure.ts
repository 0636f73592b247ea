/**
 * What it means that something went wrong with Redis. Only a lost connection or a command without an answer is an outage;
 * everything else has another owner. Pure.
 */

/**
 * `outage`: nobody answers. `wrong server`: one answers that may not decide, as it is a replica, still loading, or not
 * the one that has the key. `refused`: it does not let us in. `full`: it takes nothing more. `data`: what is stored is not
 * what we store. `bug`: it is not from Redis at all.
 */
export type FailureKind = 'outage' | 'wrong server' | 'refused' | 'full' | 'data' | 'bug';

export interface Failure {
  readonly kind: FailureKind;
  /** Redis' word for it (`READONLY`), the system's (`ECONNREFUSED`), `TIMEOUT`, `CLOSED`, or the name of a mistake. */
  readonly code: string;
  readonly error: unknown;
}

/** By the first word of an error reply: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
const KINDS: Readonly<Record<string, FailureKind>> = {
  READONLY: 'wrong server',
  LOADING: 'wrong server',
  MASTERDOWN: 'wrong server',
  NOREPLICAS: 'wrong server',
  NOQUORUM: 'wrong server',
  MISCONF: 'wrong server',
  MOVED: 'wrong server',
  ASK: 'wrong server',
  TRYAGAIN: 'wrong server',
  CLUSTERDOWN: 'wrong server',
  CROSSSLOT: 'wrong server',
  UNBLOCKED: 'wrong server',
  WRONGPASS: 'refused',
  NOPERM: 'refused',
  NOAUTH: 'refused',
  DENIED: 'refused',
  OOM: 'full',
  // A script that does not end: nobody is served until it does.
  BUSY: 'outage',
};

/** How Redis 7 says inside a script what is NOPERM outside of one. */
const NO_RIGHT = /user executing the script can't/;

/** How ioredis names a command that was not sent, or whose connection was lost before its answer. */
const LOST = ['MaxRetriesPerRequestError', 'AbortError', 'InterruptError', 'ParserError'];

export const failureOf = (error: unknown): Failure => {
  const { name, code, message } = wordsOf(error);
  if (name === 'ReplyError') {
    // Before version 7, the error of a command in a script stands in the script's own.
    const word = [...message.matchAll(/\b[A-Z]{3,}\b/g)].map(([word]) => word);
    const known = word.find((each) => KINDS[each] !== undefined || each === 'WRONGTYPE');
    const found = known ?? (NO_RIGHT.test(message) ? 'NOPERM' : (word[0] ?? 'ERR'));
    return { kind: KINDS[found] ?? 'data', code: found, error };
  }
  // What the system says of a socket: ECONNREFUSED, EPIPE, ENOTFOUND and their like.
  if (/^E[A-Z_]+$/.test(code)) return { kind: 'outage', code, error };
  // Of a command that it cannot send, or that times out, ioredis says so in nothing but words.
  if (name === 'Error')
    return { kind: 'outage', code: /timed? ?out/i.test(message) ? 'TIMEOUT' : 'CLOSED', error };
  if (LOST.includes(name)) return { kind: 'outage', code: 'CLOSED', error };
  return { kind: 'bug', code: name, error };
};

const wordsOf = (error: unknown): { name: string; code: string; message: string } => {
  if (!(error instanceof Error)) return { name: typeof error, code: '', message: '' };
  const { code } = error as NodeJS.ErrnoException;
  return { name: error.name, code: typeof code === 'string' ? code : '', message: error.message };
};
