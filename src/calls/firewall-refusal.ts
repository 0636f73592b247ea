import type { Digests } from './digests.ts';
import { type ErrorDetails, RerankError } from './errors.ts';

/** The firewall in front of the upstream has refused a call. It does not say which of the documents it is about. */
export class FirewallRefusal extends RerankError {
  /** Of all that the call held. */
  readonly digests: Digests;

  constructor(digests: Digests, details: ErrorDetails = {}) {
    super('firewall_refused', undefined, details);
    this.digests = digests;
  }
}
