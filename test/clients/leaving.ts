/** A client that gives up, and what becomes of the work. */

import { expect, test } from 'vitest';
import { until } from '../support/fakes.ts';
import type { TestGateway } from '../support/gateway.ts';
import { areInFlight, ask, behindGate, best, errorOf, inFrontOf, setting, statusesOf } from './bed.ts';
import type { Client, Question } from './client.ts';

/** Asks, and gives up: by a signal as soon as `whenAsked` has resolved, by a time-out when that is over. */
const giveUp = async (
  { leaves, rank }: Client,
  gateway: TestGateway,
  question: Question,
  whenAsked: () => Promise<void>,
): Promise<unknown> => {
  if (leaves === 'by a time-out') return errorOf(rank(setting(gateway, { timeout: 0.5 }), question));
  const controller = new AbortController();
  const error = errorOf(rank(setting(gateway, { signal: controller.signal }), question));
  await whenAsked();
  controller.abort();
  return error;
};

export const leaving = (client: Client): void => {
  if (client.leaves === 'never') {
    test('goes on though its signal is aborted, since it has no way to give up', () =>
      inFrontOf({}, async (gateway) => {
        const question = ask();
        const answer = client.rank(setting(gateway, { signal: AbortSignal.abort() }), question);
        expect(await answer).toEqual(best(question));
      }));
    return;
  }
  if (client.leaves === 'by a time-out, and asks again') {
    test('gives up by a time-out, the gateway drops the work, and the client asks again by itself', () =>
      inFrontOf({}, async (gateway) => {
        gateway.simulator.fault({ kind: 'hang' });
        const question = ask();
        expect(await client.rank(setting(gateway, { timeout: 2 }), question)).toEqual(best(question));
        expect(statusesOf(gateway)).toEqual([499, 200]);
        expect(gateway.simulator.calls.map(({ aborted }) => aborted)).toEqual([true, false]);
      }));
    return;
  }

  test(`gives up ${client.leaves}, says so, and the gateway drops the work`, () =>
    inFrontOf({}, async (gateway) => {
      const { calls, fault } = gateway.simulator;
      fault({ kind: 'hang' });
      const error = await giveUp(client, gateway, ask(), () => until(() => calls.length === 1));
      expect(client.shown(error)).toMatchObject(client.left!);
      await until(() => statusesOf(gateway).length === 1 && calls.every(({ aborted }) => aborted));
      expect(statusesOf(gateway)).toEqual([499]);
    }));

  test('costs nothing when it gives up and asks again while another waits for the same', () =>
    behindGate(async (gateway, openGate) => {
      const question = ask();
      const { topN, ...body } = question;
      const other = gateway.rerank(body);
      await areInFlight(gateway, 1);
      const error = await giveUp(client, gateway, question, () => areInFlight(gateway, 2));
      expect(client.shown(error)).toMatchObject(client.left!);
      await areInFlight(gateway, 1);
      const again = client.rank(setting(gateway), question);
      await areInFlight(gateway, 2);
      openGate();
      expect(await again).toEqual(best(question));
      await (await other).text();
      expect(gateway.simulator.calls).toHaveLength(1);
    }));
};
