/** The cases that every client of embeddings is run through, each in front of a gateway of its own. */

import { describe, expect, test } from 'vitest';
import { freshTexts, inputsOf, upstreamVector } from '../e2e/embedding.ts';
import { EMBED } from '../support/gateway.ts';
import { areInFlight, behindGate, errorOf, inFrontOf, setting } from './bed.ts';
import type { Setting, Shown } from './client.ts';

export interface Embedder {
  readonly name: string;
  /** A vector for each text. Rejects with whatever the client says. */
  embed(setting: Setting, model: string, texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  /** The most texts that it puts into a request. */
  readonly perRequest: number;
  shown(error: unknown): Shown;
  /** The class of its error for what is wrong with a request; none for what it does not send. */
  readonly kinds: Readonly<Partial<Record<400 | 401 | 404, string>>>;
}

/** As float32, little-endian, in base64: equal only when every bit is. */
const bits = (vectors: readonly (readonly number[])[]): string[] =>
  vectors.map((numbers) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64'));

const PER_CALL = 96;

export const embedder = (client: Embedder): void => {
  describe.concurrent(client.name, () => {
    test('gets each text’s own vector, to the bit, in the order of the texts and with duplicates', () =>
      inFrontOf({}, async (gateway) => {
        const [a = '', b = '', c = ''] = freshTexts(3);
        const texts = [b, a, b, c];
        expect(bits(await client.embed(setting(gateway), EMBED, texts))).toEqual(
          texts.map((text) => upstreamVector(text)),
        );
        // Some are known by then, and others stand between them.
        const more = [...freshTexts(2), a, ...freshTexts(1), c];
        expect(bits(await client.embed(setting(gateway), EMBED, more))).toEqual(
          more.map((text) => upstreamVector(text)),
        );
        expect(inputsOf(gateway.simulator).flat()).toHaveLength(6);
      }));

    test('gets more texts than it puts into a request, in few calls', () =>
      inFrontOf({}, async (gateway) => {
        const texts = freshTexts(client.perRequest < 200 ? client.perRequest + 50 : 200);
        expect(bits(await client.embed(setting(gateway), EMBED, texts))).toEqual(
          texts.map((text) => upstreamVector(text)),
        );
        const calls = inputsOf(gateway.simulator);
        expect(calls.flat()).toHaveLength(texts.length);
        const requests = Math.ceil(texts.length / client.perRequest);
        if (client.perRequest > 1) {
          expect(calls.length).toBeLessThanOrEqual(Math.ceil(texts.length / PER_CALL) + requests - 1);
        }
      }));

    test('shares a call with whoever asks for the same at the same time', () =>
      behindGate(async (gateway, openGate) => {
        const texts = freshTexts(1);
        const answers = [1, 2, 3].map(() => client.embed(setting(gateway), EMBED, texts));
        await areInFlight(gateway, 3);
        openGate();
        for (const answer of await Promise.all(answers)) {
          expect(bits(answer)).toEqual(texts.map((text) => upstreamVector(text)));
        }
        expect(gateway.simulator.calls).toHaveLength(1);
      }));

    test('shows what is wrong with a request: a text too long, a wrong key, an unknown model', () =>
      inFrontOf({}, async (gateway) => {
        const to = setting(gateway, { retries: false });
        const [text = ''] = freshTexts(1);
        const wrong = {
          400: () => client.embed(to, EMBED, ['x'.repeat(3000)]),
          401: () => client.embed({ ...to, key: 'a-key-of-nobody-at-all' }, EMBED, [text]),
          404: () => client.embed(to, 'no-such-model', [text]),
        };
        for (const status of [400, 401, 404] as const) {
          const kind = client.kinds[status];
          if (kind === undefined) continue;
          const shown = client.shown(await errorOf(wrong[status]()));
          expect(shown).toMatchObject({ kind, status });
          if (status === 400) expect(shown.message).toMatch(/input/);
        }
        expect(gateway.simulator.calls).toEqual([]);
      }));
  });
};
