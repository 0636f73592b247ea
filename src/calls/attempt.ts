/** One attempt at a call: what it tells about the attachment that was asked, and what the next one has to know. */

/**
 * What the end of a call says of the attachment. `scored`: it does what it is for. `alive`: it answered, and what it
 * answered is no fault of its own. `failed`: no answer, none in time, or none that means anything, which the call's content
 * may be to blame for. `unreachable`: the call was not even taken, so that no content is. `refused_key`, `refused_model`: our key
 * is not good there, for anything or for this model. `unknown`: nobody waited for its answer.
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

/** A call that is made again, and has had its turn in the queue. */
export interface Again {
  /** Attachments that have failed it: others are asked first. */
  readonly avoid: ReadonlySet<string>;
  /** Attachments that would only say the same again, so that they are not asked even when there is no other. */
  readonly never: ReadonlySet<string>;
}

/** How long a call was expected to wait for its slot, and why it had to. */
export interface Wait {
  /** Milliseconds, as predicted when it was asked for. */
  readonly predictedMs: number;
  /** `none`, or why there was no slot. */
  readonly reason: string;
}
