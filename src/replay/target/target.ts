/** What requests are sent to. */

import type { Usage } from '../spending.ts';

export interface Target {
  /** Base URLs of gateways that are one fleet. */
  readonly urls: readonly string[];
  /** The gateway key of each client. */
  keyOf(client: string): string;
  /** The upstream is our own simulator: the right scores are known, and so is what it saw. */
  readonly own: boolean;
  /** What was spent upstream since the start; undefined when nobody tells. */
  usage(clientOf: (traceparent: string) => string | undefined): Promise<Usage | undefined>;
  /** Resolves with what happened when a process ends that should not. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}
