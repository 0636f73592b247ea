import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { auth, identifier } from '../../src/http/auth.ts';
import { type RefusedKey, refusedKeys } from '../../src/http/refused-keys.ts';
import { aCaller, onion } from './onion.ts';

const KEY = 'old-key-of-search-0001';
const CLIENTS = [{ ...aCaller(), keys: ['new-key-of-search-0002'] }];

/** An app, what it tells of refused keys, and its clock. */
const anApp = () => {
  const told: RefusedKey[] = [];
  let now = 0;
  const app = onion();
  const onRefused = refusedKeys(
    (refused) => void told.push(refused),
    () => now,
  );
  app.get('/', auth(identifier({ clients: CLIENTS }), onRefused), (c) => c.json({}));
  return {
    told,
    pass(ms: number): void {
      now += ms;
    },
    ask: async (headers: Record<string, string>) => void (await app.request('/', { headers })),
  };
};

describe('a key that is refused is told', () => {
  test('by a fingerprint that its owner can compute in a shell', async () => {
    const { told, ask } = anApp();
    await ask({ authorization: `Bearer ${KEY}` });
    const printed = execFileSync('sh', ['-c', `printf %s ${KEY} | sha256sum | cut -c1-8`], {
      encoding: 'utf8',
    });
    expect(told).toMatchObject([{ fingerprint: printed.trim() }]);
    expect(JSON.stringify(told)).not.toContain(KEY);
  });

  test.each(['x-api-key', 'x-portkey-api-key'])('however it came: %s', async (header) => {
    const { told, ask } = anApp();
    await ask({ [header]: KEY });
    expect(told).toHaveLength(1);
  });

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['forged, 198.51.100.1, 2001:db8::7', '2001:db8::7'],
    ['203.0.113.9, something else', 'unknown'],
    ['', 'unknown'],
  ])('with the address that the router has added: %j', async (forwarded, address) => {
    const { told, ask } = anApp();
    await ask({ authorization: `Bearer ${KEY}`, 'x-forwarded-for': forwarded });
    expect(told).toMatchObject([{ address }]);
  });

  test('with the program that sent it, in plain letters and in short', async () => {
    const { told, ask } = anApp();
    await ask({
      authorization: `Bearer ${KEY}`,
      'user-agent': `cohere-ai/8.1 (node; "x" {y})${'z'.repeat(200)}`,
    });
    expect(told[0]!.agent).toMatch(/^cohere-ai\/8\.1 \(node; \?x\? \?y\?\)z+$/);
    expect(told[0]!.agent).toHaveLength(80);
  });
});

test.each([{}, { authorization: 'Basic abc' }, { authorization: 'Bearer new-key-of-search-0002' }])(
  'nothing is told where no key was refused: %j',
  async (headers) => {
    const { told, ask } = anApp();
    await ask(headers as Record<string, string>);
    expect(told).toEqual([]);
  },
);

test('of a flood ten are told, then one every ten seconds, with the number of those in between', async () => {
  const { told, pass, ask } = anApp();
  for (let i = 0; i < 1000; i++) await ask({ authorization: `Bearer ${KEY}${i}` });
  expect(told.map(({ untold }) => untold)).toEqual(new Array(10).fill(0));
  pass(10_000);
  await ask({ authorization: `Bearer ${KEY}` });
  await ask({ authorization: `Bearer ${KEY}` });
  expect(told.slice(10)).toMatchObject([{ untold: 990 }]);
  pass(3_600_000);
  for (let i = 0; i < 20; i++) await ask({ authorization: `Bearer ${KEY}` });
  expect(told).toHaveLength(21);
});
