/** The cases that every client is run through, each in front of a gateway of its own. */

import { describe, expect, test } from 'vitest';
import { areInFlight, ask, behindGate, best, inFrontOf, setting } from './bed.ts';
import type { Client } from './client.ts';
import { leaving } from './leaving.ts';
import { refusals } from './refusals.ts';
import { retries } from './retries.ts';

export const behaviours = (client: Client): void => {
  // Side by side, since some have to wait for seconds.
  describe.concurrent(client.name, () => {
    test('gets the best documents, with the very scores of the upstream', () =>
      inFrontOf({}, async (gateway) => {
        const question = ask();
        expect(await client.rank(setting(gateway), question)).toEqual(best(question));
      }));

    test('shares a call with whoever asks the same at the same time', () =>
      behindGate(async (gateway, openGate) => {
        const question = ask();
        const answers = [1, 2, 3].map(() => client.rank(setting(gateway), question));
        await areInFlight(gateway, 3);
        openGate();
        for (const answer of await Promise.all(answers)) expect(answer).toEqual(best(question));
        expect(gateway.simulator.calls).toHaveLength(1);
      }));

    refusals(client);
    for (const status of [429, 503] as const) retries(client, status);
    leaving(client);
  });
};
