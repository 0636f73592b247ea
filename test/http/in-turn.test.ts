import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as round } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { arrivedAt, inTurn } from '../../src/http/in-turn.ts';

/** Requests as a server's listener gets them, as far as turns are concerned. */
const request = (method: string): IncomingMessage =>
  Object.assign(new EventEmitter(), { method }) as IncomingMessage;
const response = (destroyed = false) => ({ destroyed }) as ServerResponse;

/** What is passed on, in order. */
const listening = () => {
  const passed: IncomingMessage[] = [];
  const listener = inTurn((each) => void passed.push(each));
  return { passed, listener };
};

const rounds = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await round();
};

const BURST = 100;

test('of a burst, some requests are taken up in each round, in the order in which they came', async () => {
  const { passed, listener } = listening();
  const burst = Array.from({ length: BURST }, () => request('POST'));
  for (const each of burst) listener(each, response());
  const atOnce = passed.length;
  expect(atOnce).toBeGreaterThan(0);
  expect(atOnce).toBeLessThan(BURST / 4);
  await round();
  expect(passed.length).toBeLessThan(BURST / 2);
  await rounds(BURST);
  expect(passed).toEqual(burst);
});

test('whoever asks how the process is does not wait behind a burst', () => {
  const { passed, listener } = listening();
  for (let i = 0; i < BURST; i++) listener(request('POST'), response());
  const question = request('GET');
  listener(question, response());
  expect(passed.at(-1)).toBe(question);
});

test('a request that waited for its turn came when it came, and not when it is taken up', async () => {
  const { passed, listener } = listening();
  for (let i = 0; i < BURST; i++) listener(request('POST'), response());
  const came = performance.now();
  await rounds(BURST);
  const last = passed.at(-1);
  expect(arrivedAt(last)).toBeLessThanOrEqual(came);
  expect(arrivedAt(last)).toBe(arrivedAt(last));
  expect(arrivedAt(request('POST'))).toBeUndefined();
});

test('a request whose caller has left before its turn is not taken up', async () => {
  const { passed, listener } = listening();
  for (let i = 0; i < BURST; i++) listener(request('POST'), response());
  const before = passed.length;
  const left = request('POST');
  listener(left, response(true));
  await rounds(BURST);
  expect(passed.length).toBeGreaterThan(before);
  expect(passed).not.toContain(left);
});
