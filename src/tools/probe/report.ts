/** The findings as a text for people. Pure. */

import { ASPECTS, type Difference, differences } from './differences.ts';
import { judge, type Verdict } from './judge.ts';
import type { Observation } from './observation.ts';
import type { CallName } from './plan.ts';

export interface Facts {
  readonly models: readonly string[];
  readonly observations: readonly Observation[];
  readonly tolerance: number;
  /** Must not be printed, even if the upstream repeats them. */
  readonly secrets: readonly string[];
}

export interface Report {
  readonly lines: readonly string[];
  /** The granularity of every model was measured. */
  readonly complete: boolean;
}

const NOT_MEASURED = 'not measured';

export const report = ({ models, observations, tolerance, secrets }: Facts): Report => {
  const verdicts = new Map<string, Verdict>();
  const lines = models.flatMap((model) => {
    const own = observations.filter(({ call }) => call.model === model);
    const measured = differences(own);
    const verdict = judge(measured, tolerance);
    verdicts.set(model, verdict);
    return [
      `${model} (${own.length} calls)`,
      ...ASPECTS.map((aspect) => row(aspect, difference(measured[aspect], tolerance))),
      ...units(own),
      ...latency(own),
      ...edgeCases(own, secrets),
      ...headers(own),
      ...failures(own, secrets),
      row('granularity', `${verdict.granularity}: ${verdict.reason}`),
      '',
    ];
  });
  const setting = [...verdicts].map(([model, { granularity }]) => `${model}=${granularity}`).join(',');
  return {
    lines: [
      ...lines,
      `Differences up to ${tolerance} count as none. To configure:`,
      `CACHE_GRANULARITY=${setting}`,
    ],
    complete: [...verdicts.values()].every(({ measured }) => measured),
  };
};

const row = (title: string, text: string): string => `  ${title.padEnd(16)}  ${text}`;

const difference = (one: Difference | undefined, tolerance: number): string => {
  if (one === undefined) return NOT_MEASURED;
  const { scores, identical, largest } = one;
  if (identical === scores) return `no influence: ${scores} scores, the same bit for bit`;
  const weight = largest > tolerance ? '' : ', which counts as none';
  return `largest difference ${largest.toPrecision(3)}${weight} (${scores} scores, ${identical} of them the same bit for bit)`;
};

type OfCall = readonly [name: CallName, title: string];

/** Without the very first call, which has to connect. */
const SIZES: readonly OfCall[] = [
  ['alone', '1 document'],
  ['again', '8 documents'],
  ['hundred', '100 documents'],
  ['hundred and one', '101 documents'],
  ['one long', '100 documents, one of 3,000 tokens'],
];

const find = (own: readonly Observation[], name: CallName): Observation | undefined =>
  own.find(({ call }) => call.name === name);

/** A row for each size. */
const sized = (title: string, of: (one: Observation | undefined) => string, own: readonly Observation[]) =>
  SIZES.map(([name, size], i) => row(i === 0 ? title : '', `${of(find(own, name))} (${size})`));

const units = (own: readonly Observation[]): string[] =>
  sized(
    'search units',
    (one) => (one?.outcome === 'scored' ? String(one.searchUnits ?? 'not stated') : NOT_MEASURED),
    own,
  );

const latency = (own: readonly Observation[]): string[] =>
  sized('latency', (one) => (one?.outcome === 'scored' ? `${Math.round(one.ms)} ms` : NOT_MEASURED), own);

const EDGES: readonly CallName[] = [
  'blank query',
  'empty document',
  'no documents',
  'top_n too large',
  'unknown field',
];

const edgeCases = (own: readonly Observation[], secrets: readonly string[]): string[] =>
  EDGES.map((name) => row(name, answer(find(own, name), secrets)));

const answer = (one: Observation | undefined, secrets: readonly string[]): string => {
  if (one === undefined) return NOT_MEASURED;
  if (one.outcome === 'scored') return '200, scored';
  if (one.outcome === 'failed') return `${NOT_MEASURED}: ${one.reason}`;
  return `${one.status} ${presentable(one.message ?? '(no message)', secrets)}`;
};

const MOST_TEXT = 160;

/** The upstream's message, on one line and without secrets. */
const presentable = (text: string, secrets: readonly string[]): string =>
  secrets
    .reduce((left, secret) => left.replaceAll(secret, '…'), text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .slice(0, MOST_TEXT);

/** Names of all headers seen, and the values of the rate-limit headers at the first and the last call. */
const headers = (own: readonly Observation[]): string[] => {
  const seen = [...new Set(own.flatMap((one) => Object.keys(one.headers)))].sort();
  const values = (name: string): string => {
    const all = own.flatMap((one) => one.headers[name] ?? []);
    const [first, last] = [all[0]!, all.at(-1)!];
    return row('', first === last ? `${name}: ${first}` : `${name}: ${first}, at last ${last}`);
  };
  const limits = seen.filter((name) => name.startsWith('x-ratelimit-') || name === 'retry-after');
  return [row('headers', seen.join(', ') || NOT_MEASURED), ...limits.map(values)];
};

/** Calls that should have brought scores. */
const failures = (own: readonly Observation[], secrets: readonly string[]): string[] =>
  own
    .filter(({ call, outcome }) => !call.edge && outcome !== 'scored')
    .map((one) => row('no scores', `${one.call.name}: ${answer(one, secrets)}`));
