/** Serves one lane: takes places from its window, one at a time, as long as somebody waits whom it may serve. */

import Bottleneck from 'bottleneck';
import type { Health } from './health.ts';
import type { Lane } from './lanes.ts';
import type { Block, Line, Window, WindowEntry } from './window.ts';

export interface Clientele {
  /** Calls that wait for this lane, or for whichever is free first. */
  wanted(): number;
  /** All calls that wait in this process, told to those that share the window. */
  line(): Line;
  /** Grants the place to whoever is due; false when nobody waits for it any more. */
  grant(entry: WindowEntry): boolean;
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    // Rounded up: a timer that fires a fraction early would only find the window closed and sleep again.
    setTimeout(resolve, Math.ceil(ms)).unref();
  });

export class LaneServer implements Lane {
  readonly attachment: string;
  readonly window: Window;
  readonly health: Health;
  readonly #clientele: Clientele;
  readonly #bottleneck = new Bottleneck({ maxConcurrent: 1 });
  /** Requests for a place that bottleneck holds. Never fewer than are needed to serve who waits. */
  #requested = 0;
  #blocks = 0;
  #block: Block | undefined;
  #asleep = false;

  constructor({ attachment, window, health }: Lane, clientele: (self: LaneServer) => Clientele) {
    this.attachment = attachment;
    this.window = window;
    this.health = health;
    this.#clientele = clientele(this);
  }

  /** Why the window had no place the last time, while it has not been asked again. */
  get block(): Block | undefined {
    return this.#asleep ? this.#block : undefined;
  }

  /** To be called when somebody begins to wait. @returns why the window had no place since, if it ever had none */
  watch(): () => Block | undefined {
    const before = this.#blocks - (this.#asleep ? 1 : 0);
    return () => (this.#blocks > before ? this.#block : undefined);
  }

  /** To be called whenever more calls may be waiting for this lane than before. */
  request(): void {
    for (let missing = this.#clientele.wanted() - this.#requested; missing > 0; missing--) {
      this.#requested++;
      void this.#bottleneck
        .schedule(() => this.#serve())
        .finally(() => {
          this.#requested--;
          this.request();
        });
    }
  }

  async #serve(): Promise<void> {
    const { wanted, line, grant } = this.#clientele;
    while (wanted() > 0) {
      const admission = await this.window.admit(line());
      if ('retryInMs' in admission) {
        this.#blocks++;
        this.#block = admission.reason;
        this.#asleep = true;
        await sleep(admission.retryInMs);
        this.#asleep = false;
        continue;
      }
      if (!grant(admission.entry)) admission.entry.cancel();
      return;
    }
  }
}
