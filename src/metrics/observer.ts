import type { Granularities } from '../cache/granularities.ts';
import type { Observer } from '../column/seams.ts';
import type { Recorder } from './recorder.ts';

/** What happens at the seams is counted; and what a model's scores have shown decides what they are reused for. */
export const observerOf = (recorder: Recorder, granularities: Granularities): Observer => ({
  cacheLookup: (model, tier, result) => recorder.cacheLookup(model, tier, result),
  merged: (model) => recorder.merged(model),
  verified(model, difference, pair, finding) {
    recorder.verified(model, difference, finding);
    granularities.verified(model, pair, finding);
  },
  queueWait: (model, ms, reason) => recorder.queueWait(model, ms, reason),
  retry: (model, reason) => recorder.retry(model, reason),
  firewallRefused: (model) => recorder.firewallRefused(model),
  upstreamCall: (call) => recorder.upstreamCall(call),
});
