import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type AuthOptions, auth, identifier } from '../../src/http/auth.ts';
import type { RequestRecord } from '../../src/http/context.ts';
import { aCaller, onion } from './onion.ts';

const KEYS = {
  old: 'old-key-of-search-0001',
  new: 'new-key-of-search-0002',
  chatbot: 'key-of-chatbot-000003',
};
const CLIENTS = [
  { ...aCaller({ models: ['amazon'], admin: true }), keys: [KEYS.old, KEYS.new] },
  { ...aCaller({ name: 'chatbot' }), keys: [KEYS.chatbot] },
];

/** Asks who is calling; with the header, if any. */
const ask = async (authorization?: string, clients: AuthOptions['clients'] = CLIENTS) => {
  let record: RequestRecord | undefined;
  const app = onion((noted) => {
    record = noted;
  });
  app.get('/', auth(identifier({ clients })), (c) => c.json(c.get('caller')));
  const response = await app.request('/', authorization === undefined ? {} : { headers: { authorization } });
  // biome-ignore lint/suspicious/noExplicitAny: a caller, or an error
  return { response, body: (await response.json()) as any, record: record! };
};

describe('a key', () => {
  test.each([
    [KEYS.old, 'search'],
    [KEYS.new, 'search'],
    [KEYS.chatbot, 'chatbot'],
  ])('%s names the client that it is one of', async (key, name) => {
    const { response, body, record } = await ask(`Bearer ${key}`);
    expect(response.status).toBe(200);
    expect(body).toMatchObject({ name });
    expect(record.client).toBe(name);
    expect(record.authMs).toBeGreaterThanOrEqual(0);
  });

  test('brings what its client may do', async () => {
    expect((await ask(`Bearer ${KEYS.new}`)).body).toMatchObject({ models: ['amazon'], admin: true });
    expect((await ask(`Bearer ${KEYS.chatbot}`)).body).toMatchObject({ admin: false });
  });

  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR', 'Bearer  '])(
    'may follow the scheme written %j',
    async (scheme) => {
      expect((await ask(`${scheme} ${KEYS.chatbot}`)).body.name).toBe('chatbot');
    },
  );
});

describe('a key without an Authorization header', () => {
  const askWith = async (headers: Record<string, string>) => {
    const app = onion();
    app.get('/', auth(identifier({ clients: CLIENTS })), (c) => c.json(c.get('caller')));
    return app.request('/', { headers });
  };

  test.each(['x-api-key', 'X-Portkey-Api-Key'])('may come as %s', async (header) => {
    const response = await askWith({ [header]: KEYS.chatbot });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ name: 'chatbot' });
  });

  test('is not looked for beside one', async () => {
    const response = await askWith({
      authorization: 'Bearer wrong-key-000000001',
      'x-api-key': KEYS.chatbot,
    });
    expect(response.status).toBe(401);
  });

  test.each(['', 'wrong-key-000000001', `Bearer ${KEYS.chatbot}`])('is none as %j', async (key) => {
    expect((await askWith({ 'x-api-key': key })).status).toBe(401);
  });
});

describe('a key that is configured by its digest', () => {
  const clients = [{ ...aCaller({ name: 'sealed' }), keys: [`sha256:${hash('sha256', KEYS.chatbot)}`] }];

  test('names its client', async () => {
    expect((await ask(`Bearer ${KEYS.chatbot}`, clients)).body).toMatchObject({ name: 'sealed' });
  });

  test('is not the digest', async () => {
    expect((await ask(`Bearer ${clients[0]!.keys[0]}`, clients)).response.status).toBe(401);
    expect((await ask(`Bearer ${hash('sha256', KEYS.chatbot)}`, clients)).response.status).toBe(401);
  });
});

describe('nobody gets in', () => {
  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${KEYS.chatbot}`,
    `Token ${KEYS.chatbot}`,
    KEYS.chatbot,
    `Bearer${KEYS.chatbot}`,
    `Bearer: ${KEYS.chatbot}`,
    `Bearer "${KEYS.chatbot}"`,
    `Bearer ${KEYS.chatbot}x`,
    `Bearer ${KEYS.chatbot.slice(0, -1)}`,
    `Bearer ${KEYS.chatbot.toUpperCase()}`,
    `Bearer ${KEYS.chatbot} ${KEYS.old}`,
    `Bearer ${KEYS.chatbot}, Bearer ${KEYS.old}`,
    'Bearer undefined',
    'Bearer constructor',
  ])('with %j', async (authorization) => {
    const { response, body, record } = await ask(authorization);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(body.error.type).toBe('authentication_error');
    expect(JSON.stringify(body)).not.toContain(KEYS.chatbot);
    expect(record.client).toBeUndefined();
  });

  test('because the clients that there are have no key', async () => {
    const clients = [{ ...aCaller(), keys: [] }];
    expect((await ask(undefined, clients)).response.status).toBe(401);
    expect((await ask(`Bearer ${KEYS.chatbot}`, clients)).response.status).toBe(401);
  });
});

test('where no client is configured, everybody is the client `default`', async () => {
  for (const authorization of [undefined, 'Bearer anything', 'Basic anything']) {
    const { body, record } = await ask(authorization, []);
    expect(body).toMatchObject({ name: 'default' });
    expect(record.client).toBe('default');
  }
});
