/** How a model's window at an attachment stands, and the attachment itself, for people to look at. */

import type { PacedLane } from '../pacing/pacers.ts';
import type { Measure } from '../pacing/window/amount.ts';
import type { FleetWindow } from '../pacing/window/fleet-window.ts';
import type { Block, WindowRules } from '../pacing/window/window.ts';

/** Of calls, or of their tokens. */
export interface HeldView {
  readonly limit: number;
  /** Held now; of these, what was granted one by one, and what others hold who use the same key. */
  readonly used: number;
  readonly spaced: number;
  readonly foreign: number;
  /** How much comes free in each part of the window that begins now, the last part and all after it in one. */
  readonly frees: readonly number[];
}

export interface WindowView extends HeldView {
  /** The window's second limit, of models that have one; undefined: this model has none. */
  readonly tokens?: HeldView | undefined;
  /** Milliseconds for which the upstream wants to be left alone; 0: it does not. */
  readonly pausedMs: number;
  /** Why no place is free; undefined: one is. */
  readonly block?: Block | undefined;
}

export interface LaneView extends WindowView {
  readonly upstream: string;
  readonly model: string;
  /** Other processes share the window, but their calls cannot be seen. */
  readonly alone: boolean;
  /** Whether calls are made there; and if not, milliseconds until one is tried. */
  readonly standing: ReturnType<PacedLane['health']['standing']>;
  readonly retryMs: number;
}

/** Parts of a window in which places come free. */
export const PARTS = 30;

export const laneViewOf = ({ attachment, model, window, health }: PacedLane): LaneView => ({
  upstream: attachment,
  model,
  ...windowViewOf(window.look(), window.rules),
  alone: window.lost !== undefined,
  standing: health.standing(),
  retryMs: health.retryInMs(),
});

export const windowViewOf = (
  look: ReturnType<FleetWindow['look']>,
  { limit, tokenLimit, windowMs }: WindowRules,
): WindowView => {
  const held = (measure: Measure, limit: number): HeldView => {
    const frees = new Array<number>(PARTS).fill(0);
    let [used, spaced, foreign] = [0, 0, 0];
    for (const permit of look.permits) {
      const amount = permit[measure];
      used += amount;
      if (permit.foreign) foreign += amount;
      else if (permit.spaced) spaced += amount;
      const part = Math.floor((PARTS * (permit.releaseAt - look.now)) / windowMs);
      frees[Math.min(PARTS - 1, Math.max(0, part))]! += amount;
    }
    return { limit, used, spaced, foreign, frees };
  };
  return {
    ...held('calls', limit),
    tokens: tokenLimit === undefined ? undefined : held('tokens', tokenLimit),
    pausedMs: Math.max(0, look.pausedUntil - look.now),
    block: look.block,
  };
};
