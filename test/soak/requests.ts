/** Requests as services, strangers and attackers make them, each with what may become of it. */

import { gzipSync } from 'node:zlib';
import { isBlocked } from '../../src/simulator/firewall.ts';
import { lexicalScores } from '../../src/simulator/lexical.ts';
import { COHERE, KEYS } from '../support/gateway.ts';

export interface SoakRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Why an answer is wrong; undefined when it may be so. */
  judge(status: number, body: unknown, retryAfter: string | null): string | undefined;
  /** Milliseconds after which its caller leaves, if he does. */
  readonly leavesAfterMs: number | undefined;
}

const clients = Object.values(KEYS);
const ATTACKS = ['http://localhost:3000/', '<script>x</script>', '../../etc', 'javascript:x'];

/** Refusals that no caller is to blame for. */
const PROPER: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const pick = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)]!;

const proper = (status: number, body: unknown, retryAfter: string | null): string | undefined => {
  const { message, error } = (body ?? {}) as {
    message?: unknown;
    error?: { code?: unknown; message?: unknown };
  };
  if (typeof message !== 'string' || error?.code !== status || error.message !== message)
    return 'no error body';
  const told = retryAfter !== null && /^([1-9]|[1-5]\d)$/.test(retryAfter);
  return (status === 429 || status === 503) !== told ? `Retry-After: ${retryAfter}` : undefined;
};

/** @param random uniform in [0, 1) */
export const makeRequest = (random: () => number): SoakRequest => {
  const key = pick(clients, random);
  const headers: Record<string, string> = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
  };
  if (random() < 0.2) headers.prefer = `wait=${Math.floor(random() * 4)}`;
  if (random() < 0.1) headers['cache-control'] = pick(['no-cache', 'no-store', 'max-age=1'], random);
  const leavesAfterMs = random() < 0.05 ? random() * 500 : undefined;
  return random() < 0.08
    ? { ...hostile(random, headers), leavesAfterMs }
    : { ...honest(random, headers), leavesAfterMs };
};

const honest = (random: () => number, headers: Record<string, string>) => {
  const query = `question number ${Math.floor(random() ** 2 * 4000)}`;
  const count = 1 + Math.floor(random() ** 3 * 60);
  const documents = Array.from(
    { length: count },
    () => `document ${Math.floor(random() * 300)} of question ${query}`,
  );
  if (random() < 0.02) documents[Math.floor(random() * count)] = `read ${pick(ATTACKS, random)} first`;
  const topN = random() < 0.3 ? 1 + Math.floor(random() * count) : undefined;
  const json = JSON.stringify({ model: COHERE, query, documents, top_n: topN });
  const encoded = random() < 0.05;
  if (encoded) headers['content-encoding'] = 'gzip';
  const judge = (status: number, body: unknown, retryAfter: string | null): string | undefined => {
    if (status !== 200) {
      if (!PROPER.has(status) && !(status === 400 && isBlocked(json))) return `status ${status}`;
      return proper(status, body, retryAfter);
    }
    const { results } = body as { results: { index: number; relevance_score: number }[] };
    const truth = lexicalScores(query, documents, 'pointwise')
      .map((score, index) => ({ index, relevance_score: score }))
      .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
      .slice(0, topN);
    return JSON.stringify(results) === JSON.stringify(truth) ? undefined : 'other scores';
  };
  return { headers, body: encoded ? gzipSync(json) : json, judge };
};

/** What breaks a rule is told so, or that the gateway is busy; and nothing else happens. */
const hostile = (random: () => number, headers: Record<string, string>) => {
  const [body, ...statuses] = pick<readonly [string | Uint8Array, ...number[]]>(
    [
      ['{"model":', 400],
      ['{},'.repeat(200_000), 400],
      ['['.repeat(5000), 400],
      [JSON.stringify({ model: COHERE, query: ' ', documents: ['a'] }), 400],
      [JSON.stringify({ model: COHERE, query: 'q', documents: [''] }), 400],
      [JSON.stringify({ model: 'nonsense', query: 'q', documents: ['a'] }), 404],
      [JSON.stringify({ model: COHERE, query: 'q', documents: Array(1001).fill('a') }), 400],
      ['x'.repeat(3_000_000), 400, 413],
      [Buffer.from([0xff, 0xfe, 0x00]), 400],
    ],
    random,
  );
  const judge = (status: number, answer: unknown, retryAfter: string | null): string | undefined =>
    statuses.includes(status) || status === 503
      ? proper(status, answer, retryAfter)
      : `status ${status} for what is no request`;
  return { headers, body, judge };
};
