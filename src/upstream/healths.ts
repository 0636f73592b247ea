/** The health of every attachment, for each model that it serves. */

import { Circuit, type Reason } from './circuit.ts';
import { Health } from './health.ts';

/**
 * Told when calls begin to be kept away from an attachment, or from one model there, with the reason; and with undefined
 * when that is over.
 */
export type OnCircuit = (upstream: string, model: string | undefined, reason: Reason | undefined) => void;

export class Healths {
  readonly #onCircuit: OnCircuit;
  readonly #attachments: ReadonlyMap<string, { readonly circuit: Circuit; readonly models: Health[] }>;

  constructor(aliases: readonly string[], onCircuit: OnCircuit) {
    this.#onCircuit = onCircuit;
    this.#attachments = new Map(
      aliases.map((alias) => [alias, { circuit: this.#circuitOf(alias), models: [] }]),
    );
  }

  /** To be called once for each model that the attachment serves. */
  begin(alias: string, model: string): Health {
    const { circuit, models } = this.#attachments.get(alias)!;
    const health = new Health({ attachment: circuit, model: this.#circuitOf(alias, model) });
    models.push(health);
    return health;
  }

  /** Open: calls are kept away from the attachment, be it for one of its models only. */
  circuits(): { upstream: string; open: boolean }[] {
    return [...this.#attachments].map(([upstream, { models }]) => ({
      upstream,
      open: models.some(({ open }) => open),
    }));
  }

  #circuitOf(alias: string, model?: string): Circuit {
    return new Circuit({ onSwitch: (reason) => this.#onCircuit(alias, model, reason) });
  }
}
