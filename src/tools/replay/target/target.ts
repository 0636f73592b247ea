/** The gateways to which requests are sent. */

import type { Granularity } from '../../../config/config.ts';
import type { Expected } from '../expected.ts';
import type { Usage } from '../spending.ts';

/** What is known of gateways and a simulator only if the replay has started them. */
export interface Own {
  /** The right scores. */
  readonly expected: Expected;
  /** The granularity at which the gateways reuse scores, by model. */
  readonly granularity: ReadonlyMap<string, Granularity>;
}

export interface Target {
  /** Base URLs of the gateways of one fleet. */
  readonly urls: readonly string[];
  /** The gateway key of each client. */
  keyOf(client: string): string;
  /** Undefined: the gateway was running already, in front of an upstream that is not our simulator. */
  readonly own: Own | undefined;
  /** What was spent upstream since the start; undefined if unknown. */
  usage(clientOf: (traceparent: string) => string | undefined): Promise<Usage | undefined>;
  /** Resolves with a description when a process ends unexpectedly. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}
