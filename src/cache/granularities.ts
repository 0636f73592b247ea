/** What each model's scores are reused for: as configured, unless samples have shown that this is wrong. */

import type { Granularity } from '../calls/call.ts';
import { type Finding, Findings } from '../calls/findings.ts';
import type { ModelStates } from './model-states.ts';

export interface GranularitiesOptions {
  /** As configured, by model. */
  readonly configured: Readonly<Record<string, Granularity>>;
  readonly states: ModelStates;
  /** Called when a model turns out to have been replaced, and whether its older scores were purged. */
  readonly onChange: (model: string, purged: boolean) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface Granularities {
  of(model: string): Granularity;
  /** Of every model, and whether that is less than configured, since its values were found to depend on companions. */
  all(): { model: string; granularity: Granularity; dependent: boolean }[];
  /** Records what a new score of a cached pair has shown. */
  verified(model: string, pair: string, finding: Finding): void;
}

/** A model is not replaced every few minutes: scores that change so often are not purged each time. */
const BETWEEN_PURGES_MS = 3_600_000;

export const createGranularities = (options: GranularitiesOptions): Granularities => {
  const { states, onChange, now = Date.now } = options;
  /** By model, each for one version of its scores. */
  const findings = new Map<string, { readonly version: number; readonly of: Findings }>();
  const configured = (model: string): Granularity => options.configured[model] ?? 'off';

  const findingsOf = (model: string): Findings => {
    const { version } = states.of(model);
    const known = findings.get(model);
    if (known?.version === version) return known.of;
    const anew = { version, of: new Findings() };
    findings.set(model, anew);
    return anew.of;
  };

  const of = (model: string): Granularity =>
    configured(model) === 'document' && states.of(model).dependentSince > 0 ? 'request' : configured(model);

  return {
    of,
    all: () =>
      Object.keys(options.configured).map((model) => {
        const granularity = of(model);
        return { model, granularity, dependent: granularity !== configured(model) };
      }),
    verified(model, pair, finding) {
      const { version, dependentSince } = states.of(model);
      if (configured(model) !== 'document' || dependentSince > 0) return;
      const believed = findingsOf(model).note(pair, finding);
      if (believed === undefined) return;
      findings.delete(model);
      // Processes that cannot be reached now learn it at the next beat.
      if (believed === 'dependent') states.foundDependent(model).catch(() => {});
      else {
        const purges = now() - version >= BETWEEN_PURGES_MS;
        if (purges) states.advance(model).catch(() => {});
        onChange(model, purges);
      }
    },
  };
};
