/** One attempt at a call: what its end says about the attachment, and what the next attempt has to know. */

/**
 * What the end of a call says about the attachment. `scored`: it answered with values. `alive`: it answered with an error
 * that is not its fault. `failed`: no answer, none in time, or one that makes no sense; the call's content may be the cause.
 * `unreachable`: the call was not even accepted, so its content cannot be the cause. `refused_key`, `refused_model`: our key is
 * not valid there, at all or for this model. `unknown`: nothing, since the call was given up or only the firewall answered.
 */
export type Verdict =
  | 'scored'
  | 'alive'
  | 'failed'
  | 'unreachable'
  | 'refused_key'
  | 'refused_model'
  | 'unknown';

/** Why a call is made again. */
export const RETRY_REASONS = ['failed', 'timeout', 'throttled', 'refused', 'garbage'] as const;
export type RetryReason = (typeof RETRY_REASONS)[number];

/** What an attempt after the first has to know. The call has had its turn in the queue already. */
export interface Again {
  /** Attachments at which the call has failed: others are tried first. */
  readonly avoid: ReadonlySet<string>;
  /** Attachments that would only give the same answer again: they are not tried even when there is no other. */
  readonly never: ReadonlySet<string>;
}

/** How long a call was expected to wait for its permit, and why it had to. */
export interface Wait {
  /** Milliseconds, as predicted when the call was queued. */
  readonly predictedMs: number;
  /** Why no permit was free; `none` when one was. */
  readonly reason: string;
}

/** An attempt that has ended, for people who ask where the time went. */
export interface Attempted {
  readonly attachment: string;
  /** The status of the answer; without one, the kind of the error. */
  readonly code: string;
  /** Milliseconds from the first wait for a permit until it had one, and until its end from then on. */
  readonly atMs: number;
  readonly ms: number;
}
