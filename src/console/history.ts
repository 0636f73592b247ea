/** How much of each window was used, and how many calls waited, in the last ten minutes. Kept whether anybody looks or not. */

import type { HistoryShown, MomentShown } from './shown.ts';

export interface Moment {
  readonly used: number;
  readonly waiting: number;
  /** Undefined for a model that has no limit of tokens. */
  readonly tokensUsed?: number | undefined;
}

/** Milliseconds between two moments, and how many are kept: ten minutes. */
export const STEP_MS = 5000;
const MOST = 120;

export interface HistoryOptions {
  readonly models: readonly string[];
  /** How a model is now, all attachments together. */
  readonly look: (model: string) => Moment;
}

export class History {
  readonly #options: HistoryOptions;
  readonly #moments: (readonly [at: number, ...of: Moment[]])[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.note(), STEP_MS).unref();
  }

  note(): void {
    const { models, look } = this.#options;
    this.#moments.push([Date.now(), ...models.map(look)]);
    if (this.#moments.length > MOST) this.#moments.shift();
  }

  of(models: readonly string[]): HistoryShown {
    return Object.fromEntries(
      models.map((model) => {
        const place = this.#options.models.indexOf(model);
        return [model, this.#moments.map(([at, ...of]) => shown(at, of[place]!))];
      }),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const shown = (at: number, { used, waiting, tokensUsed }: Moment): MomentShown =>
  tokensUsed === undefined ? [at, used, waiting] : [at, used, waiting, tokensUsed];
