/** What a client does by itself after an answer with `Retry-After`. */

import { expect, test } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import { ask, best, errorOf, inFrontOf, setting, statusesOf } from './bed.ts';
import type { Client } from './client.ts';

export const retries = (client: Client, status: 429 | 503): void => {
  const refuse = ({ simulator }: TestGateway, retryAfter: number): void =>
    simulator.fault({ kind: 'status', status, retryAfter: retryAfter.toFixed(1) });

  if (client.again[status] === 'never') {
    test(`does not ask again by itself after a ${status}`, () =>
      inFrontOf({}, async (gateway) => {
        refuse(gateway, 40);
        expect(client.shown(await errorOf(client.rank(setting(gateway), ask())))).toMatchObject({ status });
        expect(statusesOf(gateway)).toEqual([status]);
      }));
  } else if (client.again[status] === 'as told') {
    // Longer than its own pause: otherwise it might come then for a reason of its own.
    const seconds = (client.ownPause ?? 1) + 2;
    // The gateway adds up to a fifth, and rounds up.
    const wanted = seconds * 0.82;
    // A little less, so that it is not the gateway that waits.
    const env = { MAX_WAIT_MS: String(Math.round(wanted * 950)) };
    test(`comes back after a ${status} when Retry-After says so, ${seconds} s later, and is answered`, () =>
      inFrontOf({ env }, async (gateway) => {
        refuse(gateway, wanted);
        const question = ask();
        expect(await client.rank(setting(gateway), question)).toEqual(best(question));
        expect(statusesOf(gateway)).toEqual([status, 200]);
        const [refused, answered] = gateway.simulator.calls;
        // Timers of other programs have other clocks.
        expect(answered!.at - refused!.finishedAt!).toBeGreaterThan(seconds * 1000 - 5);
      }));
  } else if (status === 503) {
    test('ignores the Retry-After of a 503, asks again at once, and is answered if it can be', () =>
      inFrontOf({}, async (gateway) => {
        refuse(gateway, 40);
        const question = ask();
        expect(await client.rank(setting(gateway), question)).toEqual(best(question));
        expect(statusesOf(gateway)).toEqual([503, 200]);
      }));
  } else {
    test('ignores the Retry-After of a 429, and asks again at once, which costs no call', () =>
      inFrontOf({}, async (gateway) => {
        refuse(gateway, 40);
        expect(client.shown(await errorOf(client.rank(setting(gateway), ask())))).toMatchObject({ status });
        expect(statusesOf(gateway)).toEqual([429, 429, 429]);
        expect(gateway.simulator.calls).toHaveLength(1);
      }));
  }
};
