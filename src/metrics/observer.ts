import type { Finding } from '../calls/findings.ts';
import type { Observer } from '../calls/observer.ts';
import type { Recorder } from './recorder.ts';

/** Decides what a model's scores are reused for. */
interface Verified {
  verified(model: string, pair: string, finding: Finding): void;
}

/** Passes the column's events to the recorder, and findings about a model's scores to the decision on their reuse, too. */
export const observerOf = (recorder: Recorder, granularities: Verified): Observer => ({
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
