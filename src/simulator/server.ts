/**
 * A strict local stand-in for Heroku Inference's `POST /v1/rerank` and `POST /v1/embeddings`, over real HTTP: its routes,
 * rules, limits, headers and errors, and any failure a test asks for. Scores and vectors are lexical, not a model's.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Call, type OpenCall, openCall } from './calls.ts';
import { jsonReply, send } from './delivery.ts';
import type { Fault, When, WhenEmbedding } from './faults.ts';
import { BLOCKED, isBlocked } from './firewall.ts';
import { Judge } from './judge.ts';
import { Latency, type LatencyRange } from './latency.ts';
import { perform } from './perform.ts';
import { seededRandom } from './random.ts';
import { errorBody } from './refusal.ts';
import { modelOf, parseJson } from './request.ts';
import { type Route, type RouteName, routeOf, routes } from './routes.ts';
import { type Profile, unkind } from './unkind.ts';

export type { RerankAnswer } from './answer.ts';
export type { Call } from './calls.ts';
export type { EmbeddingsAnswer } from './embeddings/answer.ts';
export type { Fault, When, WhenEmbedding } from './faults.ts';

export interface SimulatorOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Accepted bearer keys, each with the models it may use (absent: all). */
  readonly keys: Readonly<Record<string, { models?: readonly string[] }>>;
  /** Calls per window for each (key, model); also the list of known models. */
  readonly limits: Readonly<Record<string, number>>;
  /** Tokens per window, likewise; a model without an entry has no such limit. */
  readonly tokenLimits?: Readonly<Record<string, number>> | undefined;
  /** Default 60 000. */
  readonly windowMs?: number;
  /** Milliseconds of work before an answer, uniform in [least, most]. Default [0, 0]. Refusals come at once. */
  readonly latencyMs?: LatencyRange;
  /** A share of all calls gets a fault of this profile. Default: none does. */
  readonly unkind?: Profile | undefined;
  /** Of the random numbers. Default 1. */
  readonly seed?: number;
  /** Models whose scores depend on the companion documents. Default: those whose name starts with `amazon`. */
  readonly listwise?: readonly string[];
  /** Refuse bodies that look like attacks, as what stands in front of Heroku does. Default true. */
  readonly firewall?: boolean;
  /** Send `x-ratelimit-*`. Default true. */
  readonly rateLimitHeaders?: RateLimitHeaders;
  /** Keep every call, with its texts, in `calls`. Default true; false for who goes on for days. */
  readonly remember?: boolean;
  /** One line at a time, without queries, documents and keys. */
  readonly onLog?: (line: string) => void;
}

/** Sent with every answer, with none, or with about one in three. */
export type RateLimitHeaders = boolean | 'sometimes';

export interface Simulator {
  /** `http://127.0.0.1:PORT`, without a trailing slash. */
  readonly url: string;
  /** Calls of both routes in order of arrival: a live view. */
  readonly calls: readonly Call[];
  /** Milliseconds, for calls that arrive from now on. */
  latency(range: LatencyRange): void;
  /** Whether `x-ratelimit-*` are sent, for calls that arrive from now on. */
  rateLimitHeaders(tells: RateLimitHeaders): void;
  /** The next `count` (default 1) authenticated, valid calls get this fault instead of an answer, even when over the limit. */
  fault(fault: Fault, count?: number): void;
  /**
   * Every authenticated, valid call that `when` is true of gets this fault, until `clearFaults`, or until the returned
   * function is called: a query, a document or a number of documents that the upstream can't take.
   */
  faultWhen(when: When, fault: Fault): () => void;
  /** The same for calls of the embeddings route. */
  faultWhenEmbedding(when: WhenEmbedding, fault: Fault): () => void;
  clearFaults(): void;
  /** Forgets windows and calls; faults stay. */
  reset(): void;
  /** Also ends open connections. May be called again. */
  close(): Promise<void>;
}

/** Longer than any client keeps an idle connection (Heroku's router: 90 s), so that no test races against its end. */
const KEEP_ALIVE_MS = 120_000;

/** Starts listening; rejects when the port is taken or an option is out of its range. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { limits, keys, windowMs = 60_000, remember = true, firewall = true, onLog = () => {} } = options;
  const models = Object.keys(limits);
  const listwise = new Set(options.listwise ?? models.filter((model) => model.startsWith('amazon')));
  const { seed = 1, unkind: profile } = options;
  const fault = profile && unkind(profile, seededRandom(seed));
  const whim = seededRandom(seed);
  let { rateLimitHeaders = true } = options;
  const tells = (): boolean => (rateLimitHeaders === 'sometimes' ? whim() < 1 / 3 : rateLimitHeaders);
  const { tokenLimits } = options;
  const judge = new Judge({ keys, limits, tokenLimits, windowMs, rateLimitHeaders: tells, unkind: fault });
  const latency = new Latency(options.latencyMs ?? [0, 0], seed);
  const calls: Call[] = [];
  const openCalls = new Set<OpenCall>();

  async function serve(
    route: Route,
    { req, res, open }: { req: IncomingMessage; res: ServerResponse; open: OpenCall },
  ): Promise<void> {
    const { call } = open;
    const body = await text(req);
    call.body = parseJson(body);
    call.model = modelOf(call.body);
    // What it blocks is counted all the same: nobody says that it is not.
    const verdict = judge.judge(call, route);
    if (firewall && isBlocked(body)) {
      send(res, open, BLOCKED);
      return;
    }
    if (verdict.outcome === 'refused') {
      const { status, message } = verdict.refusal;
      send(res, open, jsonReply(status, errorBody(status, message), verdict.headers));
      return;
    }
    await latency.pass(open.over);
    if (open.over.aborted) return;
    const { accepted, fault, headers } = verdict;
    perform(fault, { res, open, headers, answer: accepted.answer });
  }

  const table = routes((model) => listwise.has(model));
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    const open = openCall(req, res);
    openCalls.add(open);
    open.over.addEventListener('abort', () => openCalls.delete(open), { once: true });
    const asked = `${req.method} ${req.url?.split('?')[0]}`;
    const route = table.get(asked);
    if (asked === 'GET /available-models') {
      send(res, open, jsonReply(200, models.map(modelEntry)));
    } else if (route === undefined) {
      send(res, open, jsonReply(404, errorBody(404, 'No such route.')));
    } else {
      if (remember) calls.push(open.call);
      serve(route, { req, res, open }).catch((thrown: unknown) => {
        // A caller that left while sending its body is its own affair; anything else is a mistake in here or in a test.
        if (!req.complete || res.headersSent) return;
        onLog(`simulator: failed to answer: ${thrown instanceof Error ? thrown.name : 'unknown'}`);
        send(res, open, jsonReply(500, errorBody(500, 'The simulator failed.')));
      });
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  onLog(`simulator: stands in for Heroku Inference at ${url}; scores and vectors are lexical, not a model's`);

  return {
    url,
    calls,
    latency: (range) => latency.set(range),
    rateLimitHeaders(tells) {
      rateLimitHeaders = tells;
    },
    fault: (fault, count) => judge.faults.add(fault, count),
    faultWhen: (when, fault) => judge.faults.stand(when, fault),
    faultWhenEmbedding: (when, fault) => judge.faults.standEmbedding(when, fault),
    clearFaults: () => judge.faults.clear(),
    reset() {
      judge.forget();
      calls.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        for (const open of openCalls) open.cut();
        // The only error it reports is that it was closed before.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const TYPES: Readonly<Record<RouteName, string>> = {
  rerank: 'text-to-ranking',
  embeddings: 'text-to-embedding',
};

/** Heroku's entry of a model. */
const modelEntry = (model: string) => ({
  model_id: model,
  regions: ['us', 'eu'],
  type: [TYPES[routeOf(model)]],
});

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
