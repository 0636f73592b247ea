/**
 * What it means that something went wrong with Redis. Only a lost connection or a command without an answer is an outage;
 * everything else has another owner. Pure.
 */

/**
 * `outage`: nobody answers. `wrong server`: one answers that may not decide, as it is a replica, still loading, or not
 * the one that has the key. `refused`: it does not let us in.
 * `forbidden`: it lets us in, and our user lacks a right. `full`: it takes nothing more. `data`: what is stored is not
 * what we store. `bug`: it is not from Redis at all.
 */
export const FAILURE_KINDS = [
  'outage',
  'wrong server',
  'refused',
  'forbidden',
  'full',
  'data',
  'bug',
] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

export interface Failure {
  readonly kind: FailureKind;
  /**
   * Redis' word for it (`READONLY`, or its sentence where the word is only `ERR`), the system's (`ECONNREFUSED`), `TIMEOUT`,
   * `CLOSED`, `PROTOCOL`, or the name of a mistake. Nothing that anybody has sent is in it.
   */
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
  NOPERM: 'forbidden',
  NOAUTH: 'refused',
  DENIED: 'refused',
  OOM: 'full',
  // A script that does not end: nobody is served until it does.
  BUSY: 'outage',
};

/** What Redis has no word for: whole sentences of its own, which quote nothing. */
const SENTENCES = [
  'ERR max number of clients reached',
  'ERR DB index is out of range',
  'ERR invalid DB index',
  'ERR invalid password',
];

/** How Redis 7 says inside a script what is NOPERM outside of one. */
const NO_RIGHT = /user executing the script can't/;

/** How ioredis names a command that was not sent, or whose connection was lost before its answer. */
const LOST = ['MaxRetriesPerRequestError', 'AbortError', 'InterruptError'];

/** What ioredis says in nothing but words, and what it means. */
const WORDS: readonly (readonly [RegExp, Omit<Failure, 'error'>])[] = [
  [/timed out|^Socket timeout/, { kind: 'outage', code: 'TIMEOUT' }],
  [/^Connection is closed|^Stream isn't writeable/, { kind: 'outage', code: 'CLOSED' }],
  // Not Redis at all, or an answer to what nobody has asked.
  [/RESP|^Protocol error|^Command queue state error/, { kind: 'wrong server', code: 'PROTOCOL' }],
];

export const failureOf = (error: unknown): Failure => {
  const { name, code, message } = wordsOf(error);
  if (name === 'ReplyError') return { ...replied(message), error };
  // The other end speaks another protocol than the one in the URL.
  if (/^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return { kind: 'wrong server', code, error };
  // What the system says of a socket: ECONNREFUSED, EPIPE, EAI_AGAIN and their like. ERR_… is what Node says of our mistakes.
  if (/^E(?!RR_)[A-Z0-9_]+$/.test(code)) return { kind: 'outage', code, error };
  if (LOST.includes(name)) return { kind: 'outage', code: 'CLOSED', error };
  const [, found] = (name === 'Error' && WORDS.find(([words]) => words.test(message))) || [];
  return found ? { ...found, error } : { kind: 'bug', code: name, error };
};

const replied = (message: string): Omit<Failure, 'error'> => {
  const sentence = SENTENCES.find((each) => message.startsWith(each));
  if (sentence !== undefined) return { kind: 'refused', code: sentence };
  // Before version 7, the error of a command in a script stands in the script's own.
  const words = [...message.matchAll(/\b[A-Z]{3,}\b/g)].map(([word]) => word);
  const known = words.find((each) => KINDS[each] !== undefined || each === 'WRONGTYPE');
  const code = known ?? (NO_RIGHT.test(message) ? 'NOPERM' : (words[0] ?? 'ERR'));
  return { kind: KINDS[code] ?? 'data', code };
};

const wordsOf = (error: unknown): { name: string; code: string; message: string } => {
  if (!(error instanceof Error)) return { name: typeof error, code: '', message: '' };
  const { code } = error as NodeJS.ErrnoException;
  return { name: error.name, code: typeof code === 'string' ? code : '', message: error.message };
};
