/** Where the processes of a fleet leave their snapshots for one another. */

import { TimeoutStrategy, timeout } from 'cockatiel';
import { type Redis, ReplyError } from 'ioredis';
import { EXCHANGE } from './exchange-script.ts';
import { MAX_PACKED_BYTES } from './snapshot.ts';

export interface ExchangeOptions {
  /** Shared with others: a snapshot is small, and connections are few. */
  readonly client: Redis;
  /** Before the key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly dyno: string;
  /** Milliseconds for which a snapshot is shown after its process has fallen silent. */
  readonly freshMs: number;
  /** Told about every command sent: its name, whether it worked, and the milliseconds it took. */
  readonly onCommand?: (op: string, ok: boolean, ms: number) => void;
  /** Told when Redis does not answer, which is not the same as answering with an error. */
  readonly onSilence?: () => void;
}

export interface Offer {
  readonly snapshot: Buffer;
  /** Whether this process has served anybody. */
  readonly serving: boolean;
  /** Whether the others' snapshots are wanted. */
  readonly wanted: boolean;
}

export interface Exchanged {
  /** False while another process of the same name speaks for both. */
  readonly owns: boolean;
  /** Fresh snapshots but the own one, by the names of their dynos. */
  readonly others: readonly Buffer[];
  /** Fields that held nothing readable. */
  readonly unreadable: number;
}

/** A scrape must be answered within 300 ms when Redis hangs; that leaves room for rendering twice. Milliseconds. */
const TIMEOUT_MS = 150;

/** Longer than any restart of Redis or of the fleet: what remains then is of nobody's use. Milliseconds. */
const KEEP_MS = 3_600_000;

type Command = (...args: (string | number | Buffer)[]) => Promise<[Buffer, number, number, ...Buffer[]]>;

/** Resolves with undefined when Redis fails. */
export type Exchange = (offer: Offer) => Promise<Exchanged | undefined>;

export const exchange = (options: ExchangeOptions): Exchange => {
  const { client, prefix, dyno, freshMs, onCommand, onSilence } = options;
  const command = define(client);
  const key = `${prefix}{metrics}`;
  // No circuit breaker: a command at each scrape and heartbeat is too few to be worth saving.
  const impatience = timeout(TIMEOUT_MS, TimeoutStrategy.Aggressive);
  let claim = '0';

  return async ({ snapshot, serving, wanted }) => {
    const started = performance.now();
    const flag = (value: boolean): string => (value ? '1' : '0');
    try {
      const [claimed, owns, unreadable, ...others] = await impatience.execute(() =>
        command(
          key,
          dyno,
          claim,
          flag(serving),
          snapshot,
          flag(wanted),
          1000 * freshMs,
          MAX_PACKED_BYTES,
          KEEP_MS,
        ),
      );
      claim = String(claimed);
      onCommand?.('metrics', true, performance.now() - started);
      return { owns: owns === 1, others, unreadable };
    } catch (thrown) {
      onCommand?.('metrics', false, performance.now() - started);
      if (!(thrown instanceof ReplyError)) onSilence?.();
      return undefined;
    }
  };
};

const define = (client: Redis): Command => {
  const commands = client as unknown as Record<string, Command>;
  if (commands.metricsExchange === undefined) {
    client.defineCommand('metricsExchange', { numberOfKeys: 1, lua: EXCHANGE });
  }
  return (...args) => commands.metricsExchangeBuffer!.call(client, ...args);
};
