/** What a failure says: of the attachment that was asked, and of asking again. */

import type { RetryReason, Verdict } from '../calls/attempt.ts';
import type { ErrorKind, RerankError } from '../calls/errors.ts';

export interface Diagnosis {
  readonly verdict: Verdict;
  /** Undefined: another attempt would end like this one. */
  readonly retry?: {
    readonly reason: RetryReason;
    /** Only another attachment can do better. */
    readonly elsewhere: boolean;
    /** It needs a moment before it is asked again. */
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
  // No pause: its window pauses by itself, so that the call waits in the queue.
  upstream_throttled: again('alive', 'throttled'),
  upstream_refused_key: again('refused_key', 'refused', { elsewhere: true }),
  upstream_forbidden: again('refused_model', 'refused', { elsewhere: true }),
  // It was counted and billed, and would be again.
  upstream_garbage: again('failed', 'garbage', { elsewhere: true }),
  upstream_invalid: ALIVE,
  upstream_unavailable: BROKEN,
  upstream_unreachable: UNREACHABLE,
  // What stands in front of an attachment has answered, not the attachment; and it would say the same again.
  firewall_refused: UNKNOWN,
  // It has had its time, so that no pause is needed.
  deadline: again('failed', 'timeout'),
};

/** @param error of a call that somebody still wants */
export const diagnose = ({ kind, upstreamStatus: status }: RerankError): Diagnosis => {
  if (kind !== 'upstream_failed') return BY_KIND[kind] ?? UNKNOWN;
  if (status === undefined || status >= 500) return BROKEN;
  // It was about the moment: our bytes were late, or came too early (RFC 9110 §15.5.9, RFC 8470).
  if (status === 408 || status === 425) return MISTIMED;
  // No such route, or moved away: a base URL that is wrong. What is left is a proxy's own refusal.
  return status === 404 || status < 400 ? MISPLACED : ALIVE;
};
