/** Reads an answer's headers, exactly in the form of the contract. */

import { insist } from './wrong.ts';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How an answered request was served. `collapsed`: by another request's call, entirely or in part. */
export type Served = 'hit' | 'partial' | 'miss' | 'stale' | 'bypass' | 'collapsed';

export const single = (headers: Headers, name: string): string => {
  const value = headers[name];
  insist(typeof value === 'string' && value !== '', `the header ${name} is missing or stands there twice`);
  return value;
};

const FORWARDED: Readonly<Record<string, Served>> = {
  'fwd=miss': 'miss',
  'fwd=partial': 'partial',
  'fwd=bypass': 'bypass',
};

/** The `Cache-Status` (RFC 9211), which names one cache. */
export const served = (headers: Headers): Served => {
  const text = single(headers, 'cache-status');
  const [cache, kind = '', ...parameters] = text.split(';').map((part) => part.trim());
  const wrong = `Cache-Status is not one of the contract's: ${text}`;
  insist(cache === 'rerank-gateway' && new Set(parameters).size === parameters.length, wrong);
  const rest = new Set(parameters);
  if (kind === 'hit') {
    const stale = rest.delete('fwd=stale');
    // `collapsed` is about a call (RFC 9211 §2.6): a stale score replaces one that failed, a fresh score needs none.
    if (stale) rest.delete('collapsed');
    const details = [...rest];
    insist(details.length === 1 && /^detail=(memory|redis)$/.test(details[0]!), wrong);
    return stale ? 'stale' : 'hit';
  }
  const outcome = FORWARDED[kind];
  const collapsed = rest.delete('collapsed');
  rest.delete('stored');
  insist(outcome !== undefined && rest.size === 0, wrong);
  return collapsed && outcome !== 'partial' ? 'collapsed' : outcome;
};

/** Milliseconds in the queue, from `Server-Timing`. */
export const queueMs = (headers: Headers): number => {
  const ms = /(?:^|,)\s*queue;dur=(\d+(?:\.\d+)?)\s*(?:,|$)/.exec(single(headers, 'server-timing'))?.[1];
  insist(ms !== undefined, 'Server-Timing has no queue;dur');
  return Number(ms);
};

/** Milliseconds of a `Retry-After`, which must be whole seconds from 1 to 59. */
export const retryAfterMs = (headers: Headers): number => {
  const text = single(headers, 'retry-after');
  insist(/^[1-9]\d?$/.test(text) && Number(text) <= 59, `Retry-After is not 1 to 59: ${text}`);
  return Number(text) * 1000;
};
