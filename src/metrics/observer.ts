import type { Finding } from '../calls/findings.ts';
import type { Observer } from '../calls/observer.ts';
import type { Recorder } from './recorder.ts';

/** Who decides what a model's scores are reused for. */
interface Verified {
  verified(model: string, pair: string, finding: Finding): void;
}

/** What happens at the seams is counted; and what a model's scores have shown decides what they are reused for. */
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
