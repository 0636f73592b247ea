import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pack } from '../../src/cache/pairs.ts';
import type { Known } from '../../src/cache/stores.ts';
import { Digests } from '../../src/calls/digests.ts';
import type { Identity } from '../../src/calls/identity.ts';
import { redis } from '../../src/column/redis.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { FakePairStore } from '../cache/pair-stores.ts';
import { aCall, ScriptedScorer, scoreOf, stack, textsOf, turns, until } from '../support/fakes.ts';

const HOUR_MS = 3_600_000;
const LIFETIME = { ttlMs: 24 * HOUR_MS, staleMs: 24 * HOUR_MS };

/** How old a document's score in Redis is; undefined: there is none. */
const AGES = { missing: undefined, young: HOUR_MS, ageing: 20 * HOUR_MS, stale: 30 * HOUR_MS };

const documents = fc.array(
  fc.record({
    state: fc.constantFrom(...(Object.keys(AGES) as (keyof typeof AGES)[])),
    owner: fc.option(fc.constantFrom('one', 'two')),
  }),
  { minLength: 1, maxLength: 12 },
);

test('whatever is known, ageing or being scored elsewhere: each pair is asked once, and waited for at its owner', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async (all) => {
      const { query, identity, items: documents } = aCall({ items: all.map((_, i) => `document ${i}`) });
      const texts = [...documents];
      const store = new FakePairStore();
      const known = [...all.keys()].filter((i) => AGES[all[i]!.state] !== undefined);
      store.pairs.set(
        identity.question,
        pack(
          identity.digests.subset(known),
          Float64Array.from(known, (i) => scoreOf(query, texts[i]!)),
          Float64Array.from(known, (i) => Date.now() - AGES[all[i]!.state]!),
        ),
      );
      const identityOf = (documents: readonly string[]) => ({ ...identity, digests: Digests.of(documents) });
      /** What each of the others has taken on, and the name under which it has. */
      const claims = new Map<string, { name: string; claim: string; owned: string[] }>();
      for (const name of ['one', 'two']) {
        const owned = texts.filter((_, i) => all[i]!.owner === name);
        if (owned.length === 0) continue;
        const claimed = await store.process(name).claim(identityOf(owned), []);
        claims.set(claimed!.claim!, { name, claim: claimed!.claim!, owned });
      }
      const waitedFor: string[] = [];
      const own = store.process('own');
      const inner = new ScriptedScorer();
      const column = stack(
        inner,
        redis({
          choose: RERANK.choose,
          store: {
            ...own,
            ended(claim, ...more) {
              waitedFor.push(claim);
              return own.ended(claim, ...more);
            },
          },
          lifetime: LIFETIME,
        }),
      );
      let answered = false;
      const answer = column.answer(aCall({ query, items: texts }));
      answer.then(
        () => (answered = true),
        () => {},
      );
      await turns();
      const asked = inner.calls.flatMap(({ ask }) => textsOf(ask));

      const isWanted = (i: number): boolean => ['missing', 'stale'].includes(all[i]!.state);
      const missing = texts.filter((_, i) => isWanted(i));
      expect(asked).toEqual([...new Set(asked)]);
      // Nothing that somebody else is having scored, nothing young, everything else that is missing.
      for (const document of asked) {
        const { state, owner } = all[texts.indexOf(document)]!;
        expect([owner, state]).toEqual([null, expect.not.stringMatching('young')]);
      }
      expect(asked).toEqual(
        expect.arrayContaining(missing.filter((text) => all[texts.indexOf(text)]!.owner === null)),
      );
      // Each owner of something that is missing is waited for, and nobody who has nothing of what is wanted.
      for (const { claim, owned } of claims.values()) {
        if (owned.some((text) => isWanted(texts.indexOf(text)))) expect(waitedFor).toContain(claim);
        else if (!owned.some((text) => all[texts.indexOf(text)]!.state === 'ageing')) {
          expect(waitedFor).not.toContain(claim);
        }
      }

      for (const call of inner.calls) call.answer();
      for (const { name, claim, owned } of claims.values()) {
        const values = Float64Array.from(owned, (text) => scoreOf(query, text));
        const takenAt = new Float64Array(owned.length).fill(Date.now());
        await store.process(name).write(identityOf(owned), { values, takenAt }, LIFETIME.ttlMs, claim);
      }
      await until(() => answered);
      // Nothing was asked for a second time, by whomever.
      expect(inner.calls.flatMap(({ ask }) => textsOf(ask))).toEqual(asked);
      expect([...(await answer).values]).toEqual(texts.map((text) => scoreOf(query, text)));
      expect(store.held).toBe(0);
    }),
    { numRuns: 300 },
  );
});

/** Of so many items. */
const nothing = (count: number): Known<Float64Array> => ({
  values: new Float64Array(count),
  takenAt: new Float64Array(count).fill(Number.NaN),
});

test('a claim that Redis goes on naming after it has been waited for is taken over, not waited for again', async () => {
  const inner = new ScriptedScorer();
  let waits = 0;
  const held = async ({ digests: { count } }: Identity) => ({
    claim: undefined,
    known: nothing(count),
    holders: Array.from({ length: count }, () => 'theirs'),
  });
  const column = stack(
    inner,
    redis({
      store: {
        read: async ({ digests }) => nothing(digests.count),
        open: held,
        claim: held,
        write: async () => {},
        release: async () => {},
        expect() {},
        ended: async () => {
          waits++;
          return true;
        },
      },
      lifetime: LIFETIME,
    }),
  );
  const answer = column.answer(aCall());
  await until(() => inner.calls.length > 0);
  inner.calls[0]!.answer();
  await answer;
  expect([waits, inner.calls.length]).toEqual([1, 1]);
});
