/** Makes one call after the other, until all are made or the rest would be useless. */

import type { Observation } from './observation.ts';
import type { PlannedCall } from './plan.ts';

export interface ProbeOptions {
  readonly calls: readonly PlannedCall[];
  readonly call: (planned: PlannedCall) => Promise<Observation>;
}

export interface Probed {
  readonly observations: readonly Observation[];
  /** Why calls were left out, as texts for people. */
  readonly notes: readonly string[];
}

/** After so many calls in a row without scores, the upstream counts as unreachable. */
const MOST_FAILURES = 3;

export const probe = async ({ calls, call }: ProbeOptions): Promise<Probed> => {
  const observations: Observation[] = [];
  const notes: string[] = [];
  const refused = new Set<string>();
  let failures = 0;
  for (const planned of calls) {
    const { model } = planned;
    if (refused.has(model)) continue;
    const observation = await call(planned);
    observations.push(observation);
    const useless = reasonAgainst(observation);
    if (useless?.scope === 'model') {
      refused.add(model);
      notes.push(`${model}: ${useless.reason}; its other calls were left out`);
      continue;
    }
    failures = planned.edge ? failures : observation.outcome === 'scored' ? 0 : failures + 1;
    const over =
      useless?.reason ?? (failures === MOST_FAILURES ? 'three calls in a row brought no scores' : undefined);
    if (over === undefined) continue;
    notes.push(`stopped after ${observations.length} of ${calls.length} calls: ${over}`);
    break;
  }
  return { observations, notes };
};

interface Useless {
  readonly scope: 'model' | 'all';
  readonly reason: string;
}

/** Why more calls, for this model or for any, would bring the same result. */
const reasonAgainst = (observation: Observation): Useless | undefined => {
  if (observation.outcome !== 'refused') return undefined;
  const { status, retryAfterMs } = observation;
  switch (status) {
    case 401:
      return { scope: 'all', reason: 'the upstream refuses the key (401)' };
    case 403:
      return { scope: 'model', reason: 'the upstream refuses this model to the key (403)' };
    case 404:
      return { scope: 'model', reason: 'no such model there, or no such route below the base URL (404)' };
    case 429: {
      const when = retryAfterMs === undefined ? 'later' : `in ${Math.ceil(retryAfterMs / 1000)} s`;
      return { scope: 'all', reason: `the upstream's limit is used up (429), try again ${when}` };
    }
    default:
      return undefined;
  }
};
