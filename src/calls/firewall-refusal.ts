import type { Digests } from './digests.ts';
import { type ErrorDetails, RerankError } from './errors.ts';

/** The firewall in front of the upstream has refused a call. It does not say which of the items is the cause. */
export class FirewallRefusal extends RerankError {
  /** Of all items of the call. */
  readonly digests: Digests;

  constructor(digests: Digests, details: ErrorDetails = {}) {
    super('firewall_refused', undefined, details);
    this.digests = digests;
  }
}
