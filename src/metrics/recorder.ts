/** Counts events in metrics. The only writer of the counters and histograms. */

import type { Source } from '../calls/call.ts';
import { ERRORS } from '../calls/errors.ts';
import type { Finding } from '../calls/findings.ts';
import { endpointOf } from '../calls/served.ts';
import type { SourceCounts } from '../calls/sources.ts';
import { FAILURE_KINDS, type FailureKind } from '../redis/failure.ts';
import type { Metrics } from './registry.ts';
import { countOf, distributionOf, memoized } from './series.ts';

export interface RecorderOptions {
  readonly metrics: Metrics;
  /** The possible label values, all from the configuration. */
  readonly clients: readonly string[];
  readonly models: readonly string[];
  readonly attachments: readonly string[];
}

export interface RequestFacts {
  readonly client?: string | undefined;
  readonly model?: string | undefined;
  readonly outcome: string;
  readonly error?: string | undefined;
  readonly status: number;
  readonly durationMs: number;
  readonly documents?: number | undefined;
  /** What the answer has cost upstream. */
  readonly searchUnits?: number | undefined;
  readonly sources?: SourceCounts | undefined;
}

export interface UpstreamFacts {
  /** The one that caused the call; of a call for no client, a name that is not configured. */
  readonly client: string;
  readonly attachment: string;
  readonly model: string;
  /** The status of the answer, or why there was none. */
  readonly code: string;
  /** What broke on the wire. */
  readonly wire?: string | undefined;
  readonly ms: number;
  /** In the endpoint's billing unit. */
  readonly spent: number;
}

const OTHER = 'other';
const SOURCES = ['memory', 'redis', 'joined', 'upstream'];
const RULES = Object.entries(ERRORS);
/** All pairs of outcome and status with which a request can end. */
const ENDS = new Set([
  ...['hit', 'partial', 'miss', 'stale', 'bypass'].map((outcome) => `${outcome} 200`),
  ...RULES.map(([, { outcome, status }]) => `${outcome} ${status}`),
]);
const REJECTIONS = RULES.filter(([, { outcome }]) => outcome === 'rejected').map(([kind]) => kind);
const WAITS = ['none', 'full', 'spaced', 'paused', 'cold', 'alone', 'turn', 'tokens'];
const SIZES = ['small', 'large'];
const REDIS_OPS = ['read', 'claim', 'write', 'release', 'quota', 'metrics', 'models', 'publish', 'beat'];
/** The most that one search unit pays for. */
const DOCUMENTS_PER_UNIT = 100;
const RETRIES = ['failed', 'timeout', 'throttled', 'refused', 'garbage'];

export class Recorder {
  readonly #metrics: Metrics;
  readonly #known: ReadonlySet<string>;
  readonly #ended;
  readonly #asked;
  readonly #unitsAsked;
  readonly #answered;
  readonly #lookedUp;
  readonly #waited;
  readonly #called;
  readonly #commanded;
  readonly #failures = new Map<string, string>();

  constructor(options: RecorderOptions) {
    this.#metrics = options.metrics;
    this.#known = new Set([...options.clients, ...options.models, ...options.attachments]);
    this.#startAtZero(options);
    const { requests, requestDuration, requestDocuments, documents, cacheRequests } = this.#metrics;
    this.#ended = memoized((client = OTHER, model = OTHER, outcome = OTHER, code = OTHER) => ({
      requests: countOf(requests, { client, model, outcome, code }),
      duration: distributionOf(requestDuration, { model, outcome }),
    }));
    this.#asked = memoized((model = OTHER) => distributionOf(requestDocuments, { model }));
    this.#unitsAsked = memoized((client = OTHER, model = OTHER) =>
      countOf(this.#metrics.requestSearchUnits, { client, model }),
    );
    this.#answered = memoized((model = OTHER, source = OTHER) => countOf(documents, { model, source }));
    const { queueWait, queueWaits, upstreamRequests, upstreamDuration, redisDuration } = this.#metrics;
    this.#waited = memoized((model = OTHER, reason = OTHER) => ({
      wait: distributionOf(queueWait, { model }),
      waits: countOf(queueWaits, { model, reason }),
    }));
    this.#called = memoized((upstream = OTHER, model = OTHER, code = OTHER) => ({
      requests: countOf(upstreamRequests, { upstream, model, code }),
      duration: distributionOf(upstreamDuration, { upstream, model }),
    }));
    this.#commanded = memoized((op = OTHER) => distributionOf(redisDuration, { op }));
    this.#lookedUp = memoized((model = OTHER, tier = OTHER, result = OTHER) =>
      countOf(cacheRequests, { model, tier, result }),
    );
  }

  /** One rerank request, once its answer is known. */
  request(facts: RequestFacts): void {
    const client = this.#label(facts.client);
    const model = this.#label(facts.model);
    const { outcome } = facts;
    const { requests, duration } = this.#ended(client, model, outcome, String(facts.status));
    requests(1);
    duration(facts.durationMs / 1000);
    if (facts.documents !== undefined) this.#asked(model)(facts.documents);
    const { documents = 0, searchUnits, sources = {} } = facts;
    if (facts.status === 200 && searchUnits !== undefined && endpointOf(model) === 'rerank')
      this.#unitsAsked(client, model)(Math.max(searchUnits, Math.ceil(documents / DOCUMENTS_PER_UNIT)));
    for (const source in sources) this.#answered(model, source)(sources[source as Source]!);
    if (outcome === 'rejected') this.#metrics.rejections.inc({ client, model, reason: facts.error ?? OTHER });
  }

  /** A request was refused because too many bytes were held. */
  shed(reason: string): void {
    this.#metrics.shed.inc({ reason });
  }

  cacheLookup(model: string, tier: 'memory' | 'redis', result: string): void {
    this.#lookedUp(this.#label(model), tier, result)(1);
  }

  merged(model: string): void {
    this.#metrics.mergedRequests.inc({ model });
  }

  /** @param finding `same` for a difference within the tolerance, even if it is not 0 */
  verified(model: string, difference: number, finding: Finding): void {
    const moved = finding === 'changed' ? 'changed' : 'drifted';
    this.#metrics.verifiedPairs.inc({ model, result: difference === 0 ? 'same' : moved });
    this.#metrics.scoreDrift.observe({ model }, difference);
  }

  queueWait(model: string, ms: number, reason: string): void {
    const { wait, waits } = this.#waited(this.#label(model), reason);
    wait(ms / 1000);
    waits(1);
  }

  retry(model: string, reason: string): void {
    this.#metrics.upstreamRetries.inc({ model, reason });
  }

  firewallRefused(model: string): void {
    this.#metrics.firewallRefusals.inc({ model: this.#label(model) });
  }

  upstreamCall({ client, attachment, model, code, wire, ms, spent }: UpstreamFacts): void {
    if (code !== '200' && code !== 'cancelled') this.#failures.set(attachment, wire ?? code);
    const labels = { upstream: this.#label(attachment), model: this.#label(model) };
    const { requests, duration } = this.#called(labels.upstream, labels.model, code);
    requests(1);
    duration(ms / 1000);
    const causer = { client: this.#label(client), model: labels.model };
    this.#metrics.clientUpstreamCalls.inc(causer);
    const billed = billedIn(this.#metrics, model);
    billed.byUpstream.inc(labels, spent);
    billed.byClient.inc(causer, spent);
  }

  /** What the latest call to an attachment that failed ended in: a status, or the code of what broke on the wire. */
  readonly lastFailure = (attachment: string): string | undefined => this.#failures.get(attachment);

  /** @param failed the kind of failure, if the command failed */
  redisCommand(op: string, failed: FailureKind | undefined, ms: number): void {
    this.#commanded(op)(ms / 1000);
    if (failed) this.#metrics.redisErrors.inc({ op, kind: failed });
  }

  redisConnect(connection: string): void {
    this.#metrics.redisConnects.inc({ connection });
  }

  /** A value from outside the configuration must not make a series of its own. */
  #label(value: string | undefined): string {
    return value !== undefined && this.#known.has(value) ? value : OTHER;
  }

  /** A series that starts with its first event hides that event from `increase()`. */
  #startAtZero({ clients, models, attachments, metrics }: RecorderOptions): void {
    const ends = [...ENDS].map((end) => end.split(' ') as [string, string]);
    for (const client of [...clients, OTHER]) {
      for (const model of [...models, OTHER]) {
        for (const [outcome, code] of ends) metrics.requests.inc({ client, model, outcome, code }, 0);
        for (const reason of REJECTIONS) metrics.rejections.inc({ client, model, reason }, 0);
        metrics.clientUpstreamCalls.inc({ client, model }, 0);
        billedIn(metrics, model).byClient.inc({ client, model }, 0);
        if (endpointOf(model) === 'rerank') metrics.requestSearchUnits.inc({ client, model }, 0);
      }
    }
    for (const model of models) {
      for (const source of SOURCES) metrics.documents.inc({ model, source }, 0);
      for (const tier of ['memory', 'redis']) {
        for (const result of ['hit', 'partial', 'stale', 'miss'])
          metrics.cacheRequests.inc({ model, tier, result }, 0);
      }
      metrics.mergedRequests.inc({ model }, 0);
      metrics.firewallRefusals.inc({ model }, 0);
      for (const result of ['same', 'drifted', 'changed']) metrics.verifiedPairs.inc({ model, result }, 0);
      for (const reason of WAITS) metrics.queueWaits.inc({ model, reason }, 0);
      for (const reason of RETRIES) metrics.upstreamRetries.inc({ model, reason }, 0);
      for (const upstream of attachments) {
        for (const code of ['200', '429', 'failed'])
          metrics.upstreamRequests.inc({ upstream, model, code }, 0);
        billedIn(metrics, model).byUpstream.inc({ upstream, model }, 0);
      }
    }
    for (const reason of SIZES) metrics.shed.inc({ reason }, 0);
    for (const op of REDIS_OPS) {
      for (const kind of FAILURE_KINDS) metrics.redisErrors.inc({ op, kind }, 0);
    }
  }
}

/** The counters of the unit in which a model's calls are billed. */
const billedIn = (metrics: Metrics, model: string) =>
  endpointOf(model) === 'embeddings'
    ? { byUpstream: metrics.upstreamTokens, byClient: metrics.clientTokens }
    : { byUpstream: metrics.upstreamSearchUnits, byClient: metrics.clientSearchUnits };
