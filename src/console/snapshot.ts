/** What one caller is shown: its own service in detail; the fleet and all services, if its key is marked `admin`. */

import { endpointOf } from '../calls/served.ts';
import { modelsOf } from '../http/access.ts';
import type { Caller } from '../http/context.ts';
import type { OfDyno } from '../metrics/families.ts';
import { seriesOf, sumsBy, total } from './counts.ts';
import type {
  AttachmentShown,
  Counts,
  DynoShown,
  GatewayShown,
  ModelShown,
  ServiceShown,
  Snapshot,
} from './shown.ts';
import type { Service, Sources } from './sources.ts';

const rounded = (ms: number): number => Math.round(ms);

/** @param dynos read at this moment, for all callers that are shown something */
export const snapshotOf = (caller: Caller, sources: Sources, dynos: readonly OfDyno[]): Snapshot => {
  const models = modelsOf(caller, sources.models);
  const services = sources.services.filter(({ name }) => caller.admin || name === caller.name);
  return {
    at: Date.now(),
    windowMs: sources.windowMs,
    gateway: gatewayOf(sources),
    caller: { name: caller.name, admin: caller.admin },
    models: named(models, (model) => modelOf(model, caller, sources, dynos)),
    services: servicesOf(services, models, sources, dynos),
    ...(caller.admin ? { dynos: dynosOf(dynos) } : undefined),
  };
};

/** An object without a prototype: a name may be any word. */
const named = <T>(names: readonly string[], of: (name: string) => T): Record<string, T> =>
  Object.assign(Object.create(null), Object.fromEntries(names.map((name) => [name, of(name)])));

const gatewayOf = ({ version, dyno, readiness, redis }: Sources): GatewayShown => {
  const { draining, alone = false, reason } = readiness();
  return { version, dyno, draining, alone, reason, redis: redis()?.state ?? 'none' };
};

const modelOf = (model: string, caller: Caller, sources: Sources, dynos: readonly OfDyno[]): ModelShown => {
  const queue = sources.queueOf(model);
  const expected = queue.expectedMs(caller.name);
  const { granularity, dependent } = sources.granularities().find((each) => each.model === model) ?? {};
  const isShown = (labels: Readonly<Record<string, string>>): boolean =>
    labels.model === model && (caller.admin || labels.client === caller.name);
  const sums = (name: string, label: string): Counts =>
    sumsBy(dynos, name, ['model', label], isShown)[model] ?? {};
  const ofAll = (name: string, label: string): Counts | undefined =>
    caller.admin
      ? (sumsBy(dynos, name, ['model', label], (each) => each.model === model)[model] ?? {})
      : undefined;
  return {
    endpoint: endpointOf(model),
    waiting: queue.waiting,
    expectedMs: expected === undefined ? undefined : rounded(expected),
    granularity,
    dependent,
    attachments: named(
      sources.lanes().flatMap((lane) => (lane.model === model ? [lane.upstream] : [])),
      (alias) => attachmentOf(model, alias, sources),
    ),
    requests: sums('requests_total', 'outcome'),
    documents: ofAll('documents_total', 'source'),
    upstream: ofAll('upstream_requests_total', 'code'),
    searchUnits: {
      asked: total(sums('request_search_units_total', 'client')),
      billed: total(sums('client_search_units_total', 'client')),
    },
    tokens: total(sums('client_tokens_total', 'client')),
    verified: ofAll('verified_pairs_total', 'result'),
  };
};

const attachmentOf = (model: string, alias: string, { lanes, lastFailure }: Sources): AttachmentShown => {
  const lane = lanes().find((each) => each.model === model && each.upstream === alias)!;
  const { limit, used, spaced, foreign, pausedMs, block, frees, alone } = lane;
  const { tokens, standing, retryMs } = lane;
  return {
    ...{ limit, used, spaced, foreign, block, frees, alone, standing },
    tokens: tokens && { ...tokens },
    pausedMs: rounded(pausedMs),
    retryMs: rounded(retryMs),
    failure: standing === 'good' ? undefined : lastFailure(alias),
  };
};

const servicesOf = (
  services: readonly Service[],
  models: readonly string[],
  { queueOf, quotaOf }: Sources,
  dynos: readonly OfDyno[],
): Record<string, ServiceShown> => {
  const requests = sumsBy(dynos, 'requests_total', ['client', 'outcome']);
  const refusals = sumsBy(dynos, 'rejections_total', ['client', 'reason']);
  const calls = sumsBy(dynos, 'client_upstream_calls_total', ['client', 'model']);
  const queues = models.map((model) => queueOf(model).waitingBy());
  const byName = new Map(services.map((service) => [service.name, service]));
  return named([...byName.keys()], (name) => {
    const quota = quotaOf(name);
    return {
      weight: byName.get(name)!.weight,
      waiting: queues.reduce((sum, queue) => sum + (queue.get(name) ?? 0), 0),
      requests: requests[name] ?? {},
      refusals: Object.fromEntries(Object.entries(refusals[name] ?? {}).filter(([, count]) => count > 0)),
      calls: total(calls[name]),
      quota: quota && {
        limit: quota.limit,
        remaining: quota.remaining,
        nextFreeMs: rounded(quota.nextFreeMs),
      },
    };
  });
};

const dynosOf = (dynos: readonly OfDyno[]): Record<string, DynoShown> =>
  named(
    dynos.map(({ dyno }) => dyno),
    (name) => {
      const own = dynos.filter(({ dyno }) => dyno === name);
      const { version, node, release, commit } = seriesOf(own, 'build_info')[0]?.labels ?? {};
      const [started] = own[0]?.families.get('process_start_time_seconds')?.series.get('') ?? [];
      return {
        ...{ version, node, release, commit, started },
        requests: seriesOf(own, 'requests_total').reduce((sum, { value }) => sum + value, 0),
        inFlight: seriesOf(own, 'requests_in_flight')[0]?.value,
        alone: seriesOf(own, 'pacing_alone').some(({ value }) => value === 1),
      };
    },
  );
