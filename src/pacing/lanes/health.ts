/** Whether an attachment can be asked for a model, as far as its last calls tell. */

import type { Verdict } from '../../rerank/attempt.ts';
import type { Circuit, Standing, Word } from './circuit.ts';

/** What a call says of the attachment as a whole: whoever answers is alive, and has accepted the key. */
const OF_ATTACHMENT: Readonly<Record<Verdict, Word>> = {
  scored: 'ok',
  alive: 'ok',
  failed: 'failed',
  unreachable: 'failed',
  refused_key: 'refused',
  refused_model: 'ok',
  unknown: 'nothing',
};

/** What it says of the model there, which a key may be refused for alone. */
const OF_MODEL: Readonly<Record<Verdict, Word>> = {
  scored: 'ok',
  alive: 'nothing',
  failed: 'nothing',
  unreachable: 'nothing',
  refused_key: 'nothing',
  refused_model: 'refused',
  unknown: 'nothing',
};

const FROM_WORST: readonly Standing[] = ['out', 'refused', 'trial', 'good'];

export interface HealthOptions {
  /** Shared by all models of the attachment. */
  readonly attachment: Circuit;
  /** The model's own there. */
  readonly model: Circuit;
}

export class Health {
  readonly #attachment: Circuit;
  readonly #model: Circuit;

  constructor({ attachment, model }: HealthOptions) {
    this.#attachment = attachment;
    this.#model = model;
  }

  get standing(): Standing {
    const standings = [this.#attachment.standing, this.#model.standing];
    return FROM_WORST.find((standing) => standings.includes(standing))!;
  }

  /** Calls are kept away. */
  get open(): boolean {
    return this.standing === 'out' || this.standing === 'refused';
  }

  /** Milliseconds until it is tried again; 0 when that is now, or under way. */
  get retryInMs(): number {
    return Math.max(this.#attachment.retryInMs, this.#model.retryInMs);
  }

  /** Told whenever the standing may have changed. */
  listen(listener: () => void): void {
    this.#attachment.listen(listener);
    this.#model.listen(listener);
  }

  /** A call is about to be made. @returns to be told once how it ended */
  begin(): (verdict: Verdict) => void {
    const ofAttachment = this.#attachment.begin();
    const ofModel = this.#model.begin();
    return (verdict) => {
      this.#attachment.end(ofAttachment, OF_ATTACHMENT[verdict]);
      this.#model.end(ofModel, OF_MODEL[verdict]);
    };
  }
}
