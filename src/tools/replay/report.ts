/** The figures of a replay as rows of text. Pure. */

import type { ReplayRequest } from './corpus.ts';
import type { Punctual } from './punctuality.ts';
import { NOTHING_SPENT, type Spent, total, type Usage } from './spending.ts';
import { type Figures, OUTCOMES, type Tally } from './tally.ts';

export interface Facts {
  readonly tally: Tally;
  readonly sent: readonly ReplayRequest[];
  readonly usage: Usage | undefined;
  /** Undefined: known to be in time. */
  readonly punctual?: Punctual;
}

/** The first row is the head. */
export type Table = readonly (readonly string[])[];

const UNKNOWN = '–';

/** A figure for people; a dash if it is unknown. */
export const whole = (value: number | undefined): string =>
  value === undefined ? UNKNOWN : Math.round(value).toLocaleString('en-US');

interface Column {
  readonly name: string;
  readonly figures: Figures;
  readonly spent: Spent | undefined;
}

/** The outcomes of the requests: a column for each client and one for all. */
export const clientTable = ({ tally, sent, usage, punctual }: Facts): Table => {
  const clients = [...new Set(sent.map(({ client }) => client))];
  const columns: Column[] = clients.map((name) => ({
    name,
    figures: tally.figures(name),
    spent: usage?.byClient && (usage.byClient.get(name) ?? NOTHING_SPENT),
  }));
  // Its total includes calls that belong to no request, such as those that verify cached scores.
  columns.push({ name: 'total', figures: tally.figures(), spent: usage && total(usage) });

  const row = (title: string, value: (column: Column) => number | undefined): string[] => [
    title,
    ...columns.map((column) => whole(value(column))),
  ];
  // What is measured late is a bound.
  const ms = (title: string, value: (column: Column) => number | undefined): string[] =>
    row(title, value).map((text, i) => (i > 0 && punctual?.isLate && text !== UNKNOWN ? `≤ ${text}` : text));
  const kinds = [...tally.figures().kinds.keys()].sort();
  return [
    ['', ...columns.map(({ name }) => name)],
    row('requests', ({ figures }) => figures.requests),
    ...OUTCOMES.map((outcome) => row(outcome, ({ figures }) => figures.outcomes[outcome])),
    ...kinds.map((kind) => row(`  ${kind}`, ({ figures }) => figures.kinds.get(kind) ?? 0)),
    row('repeated attempts', ({ figures }) => figures.repetitions),
    row('upstream calls', ({ spent }) => spent?.calls),
    row('documents upstream', ({ spent }) => spent?.documents),
    row('upstream 429s', ({ spent }) => spent?.throttled),
    row('search units charged', ({ spent }) => spent?.searchUnits),
    row('search units billed', ({ figures }) => figures.searchUnits),
    row('queue p50 ms', ({ figures }) => figures.queueMs.p50),
    row('queue p99 ms', ({ figures }) => figures.queueMs.p99),
    ms('total p50 ms', ({ figures }) => figures.totalMs.p50),
    ms('total p99 ms', ({ figures }) => figures.totalMs.p99),
  ];
};

/** The lines below the tables. */
export const closingLines = (facts: Facts, planned: number): string[] => {
  const { tally, sent, usage } = facts;
  const lines = tally.notes.map(
    ({ number, client, queryId, reason }) =>
      `wrong answer to request ${number} (${client}, query ${queryId}): ${reason}`,
  );
  if (tally.wrong > tally.notes.length) lines.push(`… and ${tally.wrong - tally.notes.length} more`);
  if (tally.finished < planned) {
    lines.push(
      `stopped after ${whole(tally.finished)} of ${whole(planned)} requests (${whole(sent.length)} sent)`,
    );
  }
  lines.push(...billLines(facts), ...lateLines(facts));
  const throttled = usage ? whole(total(usage).throttled) : 'unknown';
  lines.push(`wrong answers: ${whole(tally.wrong)}, upstream 429s: ${throttled}`);
  return lines;
};

/**
 * Whether each call for a request is billed on exactly one answer, which is known only with the upstream's log. A difference
 * need not be an error: a caller that left, or got an error in the end, reads no bill.
 */
const billLines = ({ tally, usage }: Facts): string[] => {
  if (!usage?.byClient) return [];
  const nobodys = usage.byClient.get('') ?? NOTHING_SPENT;
  const lines: string[] = [];
  if (nobodys.calls > 0) {
    lines.push(
      `made for no request, such as to verify old scores: ${whole(nobodys.calls)} calls, ${whole(nobodys.documents)} documents`,
    );
  }
  const charged = total(usage).searchUnits - nobodys.searchUnits;
  const billed = tally.figures().searchUnits;
  if (charged !== billed) {
    lines.push(`search units charged for requests: ${whole(charged)}, but billed: ${whole(billed)}`);
  }
  return lines;
};

/** Says of figures that they are partly the replay's own. */
export const lateLines = ({ punctual }: Pick<Facts, 'punctual'>): string[] => {
  if (!punctual?.isLate) return [];
  const { lateMs, busyMs } = punctual;
  return [
    `the replay itself was late: requests were sent up to ${whole(lateMs.most)} ms after they were due (p99 ${whole(lateMs.p99)} ms), and its event loop was busy for ${whole(busyMs)} ms at a stretch (p99)`,
    'so total times are upper bounds, as ≤ says; a lower --speed, or a machine with more cores, tells more',
  ];
};

/**
 * 0 if every request was sent and answered, no answer was wrong, and the upstream refused no call with 429; otherwise 1.
 * A gateway whose metrics can't be read is judged by its answers alone.
 */
export const exitCode = ({ tally, usage }: Facts, planned: number): 0 | 1 =>
  tally.finished === planned &&
  tally.wrong === 0 &&
  tally.figures().outcomes.unanswered === 0 &&
  (!usage || total(usage).throttled === 0)
    ? 0
    : 1;
