/**
 * What an error from Redis means. Only a lost connection or a command without an answer is an outage; everything else has
 * another cause, and somebody else to repair it. Pure.
 */

/**
 * `outage`: no answer. `wrong server`: a server answers that cannot serve us: a replica, one that is still loading, or not
 * the one that has the key. `refused`: it does not accept our login.
 * `forbidden`: our user lacks a right. `full`: it accepts no writes. `data`: a key holds data of another type than ours.
 * `bug`: the error is not from Redis at all.
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
   * Redis' code (`READONLY`, or its sentence if the code is only `ERR`), the system's (`ECONNREFUSED`), `TIMEOUT`, `CLOSED`,
   * `PROTOCOL`, or the name of an exception. It holds nothing that was sent.
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
  // A script runs for too long: no command is served until it ends.
  BUSY: 'outage',
};

/** Errors without a code of their own: whole sentences of Redis', which quote nothing. */
const SENTENCES = [
  'ERR max number of clients reached',
  'ERR DB index is out of range',
  'ERR invalid DB index',
  'ERR invalid password',
];

/** The text of Redis 7 inside a script for what is NOPERM outside of one. */
const NO_RIGHT = /user executing the script can't/;

/** Names of ioredis' errors for a command that was not sent, or whose connection was lost before its answer. */
const LOST = ['MaxRetriesPerRequestError', 'AbortError', 'InterruptError'];

/** ioredis' errors that have only a message, and what each means. */
const WORDS: readonly (readonly [RegExp, Omit<Failure, 'error'>])[] = [
  [/timed out|^Socket timeout/, { kind: 'outage', code: 'TIMEOUT' }],
  [/^Connection is closed|^Stream isn't writeable/, { kind: 'outage', code: 'CLOSED' }],
  // Not Redis at all, or an answer without a command.
  [/RESP|^Protocol error|^Command queue state error/, { kind: 'wrong server', code: 'PROTOCOL' }],
];

export const failureOf = (error: unknown): Failure => {
  const { name, code, message } = wordsOf(error);
  if (name === 'ReplyError') return { ...replied(message), error };
  // The other end speaks another protocol than the one in the URL.
  if (/^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) return { kind: 'wrong server', code, error };
  // The system's codes for sockets: ECONNREFUSED, EPIPE, EAI_AGAIN and the like. ERR_… are Node's codes for bugs of ours.
  if (/^E(?!RR_)[A-Z0-9_]+$/.test(code)) return { kind: 'outage', code, error };
  if (LOST.includes(name)) return { kind: 'outage', code: 'CLOSED', error };
  const [, found] = (name === 'Error' && WORDS.find(([words]) => words.test(message))) || [];
  return found ? { ...found, error } : { kind: 'bug', code: name, error };
};

const replied = (message: string): Omit<Failure, 'error'> => {
  const sentence = SENTENCES.find((each) => message.startsWith(each));
  if (sentence !== undefined) return { kind: 'refused', code: sentence };
  // Before version 7, the error of a command in a script is part of the script's error message.
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
