/** Whether an attachment can be asked for a model, as far as its last calls tell. */

import type { Verdict } from '../calls/attempt.ts';
import type { Circuit, Standing, Word } from './circuit.ts';
import type { Caller } from './suspects.ts';

/** What a call says of the attachment as a whole: whoever takes it is there, and who answers has accepted the key. */
const OF_ATTACHMENT: Readonly<Record<Verdict, Word>> = {
  scored: 'ok',
  alive: 'ok',
  failed: 'alive',
  unreachable: 'failed',
  refused_key: 'refused',
  refused_model: 'ok',
  unknown: 'nothing',
};

/** What it says of the model there, which may fail alone, and which a key may be refused for alone. */
const OF_MODEL: Readonly<Record<Verdict, Word>> = {
  scored: 'ok',
  alive: 'alive',
  failed: 'failed',
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

  /** @param caller undefined: of those whose calls are kept away, if any are */
  standing(caller?: Caller): Standing {
    const standings = [this.#attachment.standing(), this.#model.standing(caller)];
    return FROM_WORST.find((standing) => standings.includes(standing))!;
  }

  /** Calls are kept away, be they one client's or all. */
  get open(): boolean {
    const standing = this.standing();
    return standing === 'out' || standing === 'refused';
  }

  /** Milliseconds until it is tried again; 0 when that is now, or under way. */
  retryInMs(caller?: Caller): number {
    return Math.max(this.#attachment.retryInMs(), this.#model.retryInMs(caller));
  }

  /** Milliseconds for which this very call is not to be made here, since it has failed too often; 0: it may be. */
  barredMs(caller: Caller): number {
    return this.#model.barredMs(caller);
  }

  /** Some calls have failed here the last time. */
  get hasSuspects(): boolean {
    return this.#model.hasSuspects;
  }

  /** Told whenever the standing may have changed. */
  listen(listener: () => void): void {
    this.#attachment.listen(listener);
    this.#model.listen(listener);
  }

  /** A call is about to be made. @returns to be told once how it ended */
  begin(caller: Caller): (verdict: Verdict) => void {
    const ofAttachment = this.#attachment.begin();
    const ofModel = this.#model.begin(caller);
    return (verdict) => {
      this.#attachment.end(ofAttachment, OF_ATTACHMENT[verdict]);
      this.#model.end(ofModel, OF_MODEL[verdict]);
    };
  }
}
