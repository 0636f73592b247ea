/** How much of each window was used, and how many calls waited, in the last ten minutes. Kept whether anybody looks or not. */

export interface Moment {
  readonly used: number;
  readonly waiting: number;
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

  /** Of each of these models, rows of epoch milliseconds, places used and calls waiting, oldest first. */
  of(models: readonly string[]): Readonly<Record<string, readonly (readonly number[])[]>> {
    return Object.fromEntries(
      models.map((model) => {
        const place = this.#options.models.indexOf(model);
        return [model, this.#moments.map(([at, ...of]) => [at, of[place]!.used, of[place]!.waiting])];
      }),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
