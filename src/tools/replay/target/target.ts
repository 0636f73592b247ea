/** What requests are sent to. */

import type { Granularity } from '../../../config/config.ts';
import type { Expected } from '../expected.ts';
import type { Usage } from '../spending.ts';

/** What only who started gateways and a simulator knows of them. */
export interface Own {
  /** The right scores. */
  readonly expected: Expected;
  /** What the gateways reuse a score for, by model. */
  readonly granularity: ReadonlyMap<string, Granularity>;
}

export interface Target {
  /** Base URLs of gateways that are one fleet. */
  readonly urls: readonly string[];
  /** The gateway key of each client. */
  keyOf(client: string): string;
  /** Undefined: it runs already, and in front of an upstream that is none of ours. */
  readonly own: Own | undefined;
  /** What was spent upstream since the start; undefined when nobody tells. */
  usage(clientOf: (traceparent: string) => string | undefined): Promise<Usage | undefined>;
  /** Resolves with what happened when a process ends that should not. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}
