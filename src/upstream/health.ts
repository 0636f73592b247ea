/** Whether an attachment can be called for a model, judged by its last calls. */

import type { Verdict } from '../calls/attempt.ts';
import type { CallResult, Circuit, Standing } from './circuit.ts';
import type { Caller } from './suspects.ts';

/** What a call says about the whole attachment: if it takes the call it is there, and if it answers it has accepted the key. */
const OF_ATTACHMENT: Readonly<Record<Verdict, CallResult>> = {
  scored: 'ok',
  alive: 'ok',
  failed: 'alive',
  unreachable: 'failed',
  refused_key: 'refused',
  refused_model: 'ok',
  unknown: 'nothing',
};

/** What a call says about the model there, which may fail alone, or be the only one for which the key is refused. */
const OF_MODEL: Readonly<Record<Verdict, CallResult>> = {
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
  /** The circuit shared by all models of the attachment. */
  readonly attachment: Circuit;
  /** The circuit of this model there. */
  readonly model: Circuit;
}

export class Health {
  readonly #attachment: Circuit;
  readonly #model: Circuit;

  constructor({ attachment, model }: HealthOptions) {
    this.#attachment = attachment;
    this.#model = model;
  }

  /** @param caller undefined: any caller whose calls are kept away, if there is one */
  standing(caller?: Caller): Standing {
    const [ofAttachment, ofModel] = [this.#attachment.standing(), this.#model.standing(caller)];
    return FROM_WORST.find((standing) => standing === ofAttachment || standing === ofModel)!;
  }

  /** Whether calls are kept away, one client's or all. */
  get open(): boolean {
    const standing = this.standing();
    return standing === 'out' || standing === 'refused';
  }

  /** Milliseconds until the next trial; 0 when it is due, or under way. */
  retryInMs(caller?: Caller): number {
    return Math.max(this.#attachment.retryInMs(), this.#model.retryInMs(caller));
  }

  /** Milliseconds for which this call must not be made here, since it has failed too often; 0: it may be made. */
  barredMs(caller: Caller): number {
    return this.#model.barredMs(caller);
  }

  /** Whether there are calls that failed here the last time. */
  get hasSuspects(): boolean {
    return this.#model.hasSuspects;
  }

  /** The listener is called whenever the standing may have changed. */
  listen(listener: () => void): void {
    this.#attachment.listen(listener);
    this.#model.listen(listener);
  }

  /** A call is about to be made. @returns to be called once with how it ended */
  begin(caller: Caller): (verdict: Verdict) => void {
    const ofAttachment = this.#attachment.begin();
    const ofModel = this.#model.begin(caller);
    return (verdict) => {
      this.#attachment.end(ofAttachment, OF_ATTACHMENT[verdict]);
      this.#model.end(ofModel, OF_MODEL[verdict]);
    };
  }
}
