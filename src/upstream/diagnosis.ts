/** What a failure says about the attachment, and whether to retry the call. */

import type { RetryReason, Verdict } from '../calls/attempt.ts';
import type { ErrorKind, RerankError } from '../calls/errors.ts';

export interface Diagnosis {
  readonly verdict: Verdict;
  /** Undefined: another attempt would end in the same way. */
  readonly retry?: {
    readonly reason: RetryReason;
    /** Only another attachment can do better. */
    readonly elsewhere: boolean;
    /** The next attempt must wait for a moment. */
    readonly pause: boolean;
  };
}

const again = (
  verdict: Verdict,
  reason: RetryReason,
  { elsewhere = false, pause = false } = {},
): Diagnosis => ({
  verdict,
  retry: { reason, elsewhere, pause },
});

const BROKEN = again('failed', 'failed', { pause: true });
const UNREACHABLE = again('unreachable', 'failed', { pause: true });
const MISPLACED = again('failed', 'failed', { elsewhere: true });
const MISTIMED = again('alive', 'failed', { pause: true });
const ALIVE: Diagnosis = { verdict: 'alive' };
const UNKNOWN: Diagnosis = { verdict: 'unknown' };

const BY_KIND: Partial<Record<ErrorKind, Diagnosis>> = {
  // No pause: a 429 pauses the window, so the call waits in the queue.
  upstream_throttled: again('alive', 'throttled'),
  upstream_refused_key: again('refused_key', 'refused', { elsewhere: true }),
  upstream_forbidden: again('refused_model', 'refused', { elsewhere: true }),
  // Elsewhere: the call was counted and billed here, and would be again.
  upstream_garbage: again('failed', 'garbage', { elsewhere: true }),
  upstream_invalid: ALIVE,
  upstream_unavailable: BROKEN,
  upstream_unreachable: UNREACHABLE,
  // The firewall has answered, not the attachment, and it would give the same answer again.
  firewall_refused: UNKNOWN,
  // No pause: the attempt has taken long enough.
  deadline: again('failed', 'timeout'),
};

/** @param error of a call whose caller still waits */
export const diagnose = ({ kind, upstreamStatus: status }: RerankError): Diagnosis => {
  if (kind !== 'upstream_failed') return BY_KIND[kind] ?? UNKNOWN;
  if (status === undefined || status >= 500) return BROKEN;
  // Only the timing was wrong: our bytes were late, or came too early (RFC 9110 §15.5.9, RFC 8470).
  if (status === 408 || status === 425) return MISTIMED;
  // No such route, or a redirect: the base URL is wrong. Other statuses are a proxy's own refusals.
  return status === 404 || status < 400 ? MISPLACED : ALIVE;
};
