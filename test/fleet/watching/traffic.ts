/** Services that ask through a router, and the faults they meet. */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../../../src/simulator/server.ts';
import { AMAZON, COHERE, EMBED, KEYS } from '../../support/gateway.ts';
import { type AskOptions, ask } from '../../support/load.ts';
import type { Router } from '../../support/router.ts';

const CALLERS_A_SERVICE = 2;
/** Between two requests of a caller, milliseconds. */
const PAUSE_MS = 40;
/**
 * Of ten requests one is new, and one has a document that is; the rest are among so many that some answers are found,
 * and some have to be made.
 */
const FRESH_EVERY = 10;
const ENLARGED_AT = 5;
const QUESTIONS = { [COHERE]: 30, [AMAZON]: 5 };

let serial = 0;

/** What a caller asks for in a turn. */
const wish = (turn: number): Pick<AskOptions, 'model' | 'query' | 'documents'> => {
  const model = turn % 8 === 0 ? AMAZON : COHERE;
  const query = `question ${Math.floor(Math.random() * QUESTIONS[model]!)}`;
  if (model === AMAZON) return { model, query };
  if (turn % FRESH_EVERY === 0) return { model };
  if (turn % FRESH_EVERY === ENLARGED_AT) return { model, query, documents: ['one', `another ${serial++}`] };
  return { model, query };
};

/** One text in so many turns, new each time. */
const TEXT_EVERY = 6;

const embed = (url: string, key: string): Promise<unknown> =>
  fetch(`${url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: EMBED, input: `text ${serial++}` }),
  })
    .then((response) => response.arrayBuffer())
    .catch(() => {});

/** Every service asks for all models, mostly what was asked before. Resolves once all are answered. */
export const askFor = async (ms: number, { url }: Router): Promise<void> => {
  const end = Date.now() + ms;
  const caller = async (key: string): Promise<void> => {
    for (let turn = 1; Date.now() < end; turn++) {
      await (turn % TEXT_EVERY === 0 ? embed(url, key) : ask(url, { key, ...wish(turn) }));
      await sleep(PAUSE_MS);
    }
  };
  const callers = Object.values(KEYS).flatMap((key) => Array(CALLERS_A_SERVICE).fill(key) as string[]);
  await Promise.all(callers.map(caller));
};

export interface Trouble {
  readonly router: Router;
  readonly simulator: Simulator;
  /** Ends what still waits. */
  readonly signal: AbortSignal;
}

/** So many new questions at once. */
const questions = (count: number, { url }: Router, options: Partial<AskOptions>) =>
  Promise.all(
    Array.from({ length: count }, () => ask(url, { key: KEYS.search, model: COHERE, wait: 1, ...options })),
  );

/** Its limit, and what merges meanwhile; its silence and its errors; a queue that does not move. One after another. */
export const troubles = async ({ router, simulator, signal }: Trouble): Promise<void> => {
  simulator.fault({ kind: 'status', status: 429, retryAfter: '1' }, 20);
  await questions(20, router, {});
  simulator.clearFaults();
  // While nothing may be called: more of them than processes, so that some find a call that waits.
  await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      ask(router.url, { key: KEYS.search, model: COHERE, query: 'the same', documents: [`document ${i}`] }),
    ),
  );
  await sleep(1000);

  // All of them listen to it.
  setMaxListeners(0, signal);
  // Three windows' worth: one passes at once, the next waits, the last is refused.
  void questions(90, router, { key: KEYS.evaluation, model: AMAZON, wait: 25, signal });
  await sleep(500);

  simulator.fault({ kind: 'hang' }, 3);
  await questions(3, router, {});
  simulator.fault({ kind: 'status', status: 500 }, 10_000);
  // Longer than the 3 s without a success after which an attachment is left alone.
  for (let round = 0; round < 10; round++) {
    await questions(6, router, {});
    await sleep(400);
  }
  simulator.clearFaults();
};
