/**
 * What the real upstream, and the proxies between it and us, do now and then: in named profiles, each a list of faults of
 * which a share of all calls gets one at random.
 */

import type { RerankAnswer } from './answer.ts';
import { OTHER_VECTORS, WRONG_VECTORS } from './embeddings/wrong-vectors.ts';
import type { Fault } from './faults.ts';
import type { RouteName } from './routes.ts';

const HTML = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>';

const status = (
  code: number,
  over: Omit<Extract<Fault, { kind: 'status' }>, 'kind' | 'status'> = {},
): Fault => ({
  kind: 'status',
  status: code,
  ...over,
});
const raw = (code: number, body: string, headers: Readonly<Record<string, string>> = {}): Fault => ({
  kind: 'raw',
  status: code,
  headers,
  body,
});
const changed = (make: (answer: RerankAnswer) => unknown): Fault => ({ kind: 'wrong-answer', make });
/** An answer whose first score stands as it is written. */
const scored = (text: string): Fault => ({ kind: 'first-score', text });

/** Every way of saying when to come back that servers have, and some that say nothing. */
const WHEN = [
  '1',
  '0',
  '0.5',
  '1.5',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'soon',
  '-1',
  '',
  '1e3',
  '99999999999',
];

const PROFILES = {
  /** It fails. */
  errors: [
    status(500),
    status(502, { page: HTML }),
    status(503),
    status(504, { page: '' }),
    status(408),
    status(425),
    raw(
      500,
      JSON.stringify({ error: JSON.stringify({ code: 500, message: 'inner', type: 'server_error' }) }),
    ),
    raw(500, 'x'.repeat(2_000_000)),
    raw(529, '{"error": null}'),
  ],
  /** It wants to be left alone. */
  throttle: [
    ...WHEN.flatMap((retryAfter) => [status(429, { retryAfter }), status(503, { retryAfter })]),
    status(429),
    raw(429, '', { 'retry-after-ms': '250' }),
    status(429, { page: HTML }),
  ],
  /** The connection does not last. */
  cuts: [
    { kind: 'reset' },
    { kind: 'reset-midway' },
    { kind: 'slow-body', bytesPerSecond: 2000 },
    { kind: 'piecewise' },
  ],
  /** It answers something else than it was asked for. */
  garbage: [
    raw(200, ''),
    raw(200, 'null'),
    raw(200, HTML, { 'content-type': 'text/html' }),
    raw(200, '{"results": '),
    raw(204, ''),
  ],
  /** It encodes what it says, though nobody asked it to. */
  encodings: [
    { kind: 'encoded', encoding: 'gzip' },
    { kind: 'encoded', encoding: 'br' },
    { kind: 'encoded', encoding: 'deflate' },
    { kind: 'encoded', encoding: 'x-unknown' },
  ],
  /** It sends us elsewhere. */
  redirects: [301, 302, 307, 308].map((code) => raw(code, '', { location: 'http://127.0.0.1:1/elsewhere' })),
} as const satisfies Readonly<Record<string, readonly Fault[]>>;

/** What only one route can get wrong, by profile. */
const OF_ROUTE: Readonly<Record<RouteName, Readonly<Record<string, readonly Fault[]>>>> = {
  rerank: {
    garbage: [
      changed(() => ({ results: null })),
      changed(({ results }) => ({ results: results.slice(1) })),
      changed(({ results: [first, ...rest] }) => ({ results: [first, first, ...rest] })),
      changed(({ results }) => ({ results: results.map((each) => ({ ...each, index: each.index + 1 })) })),
      changed(({ results }) => ({
        results: results.map((each) => ({ ...each, index: String(each.index) })),
      })),
      changed(({ results }) => ({ results: results.map(({ index }) => ({ index })) })),
      scored('NaN'),
      scored('"0.5"'),
      scored('1e999'),
      scored('7e307'),
    ],
  },
  embeddings: { garbage: WRONG_VECTORS, encodings: OTHER_VECTORS },
};

export type Profile = keyof typeof PROFILES | 'all';

export const PROFILE_NAMES: readonly string[] = [...Object.keys(PROFILES), 'all'];

export const isProfile = (name: string): name is Profile => PROFILE_NAMES.includes(name);

/** The faults of a profile at a route. */
export const faultsOf = (profile: Profile, route: RouteName = 'rerank'): readonly Fault[] => {
  if (profile === 'all') return (Object.keys(PROFILES) as Profile[]).flatMap((each) => faultsOf(each, route));
  return [...PROFILES[profile], ...(OF_ROUTE[route][profile] ?? [])];
};

/** Share of calls that get a fault. */
const SHARE = 0.1;

/** Draws what becomes of the next call; undefined: nothing unusual. @param random uniform in [0, 1) */
export const unkind = (profile: Profile, random: () => number): ((route: RouteName) => Fault | undefined) => {
  const faults = { rerank: faultsOf(profile, 'rerank'), embeddings: faultsOf(profile, 'embeddings') };
  return (route) =>
    random() < SHARE ? faults[route][Math.floor(random() * faults[route].length)] : undefined;
};
