import { describe, expect, test } from 'vitest';
import { ByteBudget } from '../../src/calls/byte-budget.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { type BodyLimits, readBody } from '../../src/http/body.ts';
import { until } from '../support/fakes.ts';
import { onion } from './onion.ts';

const budget = new ByteBudget({ maxBytes: 1000 });
const LIMITS: BodyLimits = { maxBytes: 100, timeoutMs: 5000, budget };

interface Init {
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream;
  readonly headers?: Record<string, string>;
}

/** What becomes of a body: its text, or the error. */
const read = async ({ body, headers = {} }: Init, limits = LIMITS): Promise<string | RerankError> => {
  let outcome: string | RerankError | undefined;
  const app = onion();
  app.post('/', async (c) => {
    try {
      const { take, claim } = await readBody(c, limits);
      const bytes = take();
      expect(claim.bytes).toBeGreaterThanOrEqual(bytes.length);
      claim.release();
      outcome = bytes.toString('utf8');
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RerankError);
      outcome = thrown as RerankError;
    }
    return c.body(null);
  });
  await app.request('/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
  // Whatever became of it, nothing is held for it any more.
  expect(limits.budget.held).toBe(0);
  return outcome!;
};

/** A body that comes in pieces, without a length; `onCancel` hears that nobody reads it any more. */
const pieces = (chunks: readonly Uint8Array[], { ends = true, onCancel = () => {} } = {}): ReadableStream => {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk) controller.enqueue(chunk);
      else if (ends) controller.close();
      else return new Promise(() => {});
      return undefined;
    },
    cancel: onCancel,
  });
};

const declared = (bytes: Uint8Array, length = bytes.length): Init => ({
  body: bytes as Uint8Array<ArrayBuffer>,
  headers: { 'content-length': String(length) },
});

const TEXT = '{"query": "é 😀"}';
const BYTES = Buffer.from(TEXT);

describe('a body', () => {
  test('is read whole when its length is declared', async () => {
    expect(await read(declared(BYTES))).toBe(TEXT);
  });

  test('is read whole when it comes in pieces, cut anywhere', async () => {
    for (let at = 0; at <= BYTES.length; at++) {
      expect(await read({ body: pieces([BYTES.subarray(0, at), BYTES.subarray(at)]) })).toBe(TEXT);
    }
  });

  test('may be empty, or absent', async () => {
    expect(await read(declared(Buffer.alloc(0)))).toBe('');
    expect(await read({ body: pieces([]) })).toBe('');
  });

  test('may have exactly the largest size', async () => {
    const bytes = Buffer.alloc(LIMITS.maxBytes, 'a');
    expect(await read(declared(bytes))).toBe('a'.repeat(LIMITS.maxBytes));
    expect(await read({ body: pieces([bytes]) })).toBe('a'.repeat(LIMITS.maxBytes));
  });
});

describe('a body is too large', () => {
  const tooLarge = { kind: 'body_too_large', headers: { Connection: 'close' } };

  test('when it says so, before any of it is read', async () => {
    let pulled = 0;
    const body = new ReadableStream(
      {
        pull() {
          pulled++;
        },
      },
      { highWaterMark: 0 },
    );
    expect(await read({ body, headers: { 'content-length': '101' } })).toMatchObject(tooLarge);
    expect(pulled).toBe(0);
  });

  test('as soon as more has come than may, though it never ends', async () => {
    let cancelled = false;
    const onCancel = (): void => {
      cancelled = true;
    };
    const chunk = Buffer.alloc(60, 'a');
    const body = pieces([chunk, chunk], { ends: false, onCancel });
    expect(await read({ body })).toMatchObject(tooLarge);
    expect(cancelled).toBe(true);
  });
});

describe('a body is refused', () => {
  test('when it has not arrived whole in time', async () => {
    const body = pieces([BYTES], { ends: false });
    const error = await read({ body }, { ...LIMITS, timeoutMs: 30 });
    expect(error).toMatchObject({ kind: 'invalid_request', headers: { Connection: 'close' } });
  });

  test('when its connection breaks', async () => {
    const broken = (): ReadableStream =>
      new ReadableStream({
        pull(controller) {
          controller.error(new Error('socket hang up'));
        },
      });
    const headers = { 'content-length': '50' };
    for (const init of [{ body: broken() }, { body: broken(), headers }]) {
      expect(await read(init)).toMatchObject({ kind: 'invalid_request', headers: { Connection: 'close' } });
    }
  });
});

describe('there is no room for a body', () => {
  const full = (): BodyLimits => {
    const crowded = new ByteBudget({ maxBytes: 1000 });
    crowded.hold(1000);
    return { ...LIMITS, budget: crowded };
  };

  test.each([
    ['declares its length', { 'content-length': '90' }],
    ['comes in pieces', {}],
  ])('that %s: it is refused before any of it is read', async (_, headers) => {
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const app = onion();
    app.post('/', async (c) => {
      await readBody(c, full());
      return c.body(null);
    });
    const answer = await app.request('/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]$/);
    expect(pulled).toBe(0);
  });
});

describe('a body that is slow', () => {
  const MEGABYTE = 1024 * 1024;

  test('holds what it declares at first, then what has come, and grows with what comes', async () => {
    const budget = new ByteBudget({ maxBytes: 20 * MEGABYTE });
    let more: (bytes: number) => void = () => {};
    let end: () => void = () => {};
    const body = new ReadableStream({
      start(controller) {
        more = (bytes) => controller.enqueue(Buffer.alloc(bytes, 'a'));
        end = () => controller.close();
      },
    });
    const length = 16 * MEGABYTE;
    const reading = read(
      { body, headers: { 'content-length': String(length) } },
      { maxBytes: length, timeoutMs: 5000, budget, declaredMs: 30 },
    );
    more(1);
    await until(() => budget.held === length);
    await until(() => budget.held < 100_000);
    more(MEGABYTE);
    await until(() => budget.held > MEGABYTE);
    expect(budget.held).toBeLessThanOrEqual(2.5 * MEGABYTE);
    more(length - MEGABYTE - 1);
    end();
    expect(await reading).toHaveLength(length);
  });
});
