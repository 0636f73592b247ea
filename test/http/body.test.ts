import { describe, expect, test } from 'vitest';
import { type BodyLimits, readBody } from '../../src/http/body.ts';
import { RerankError } from '../../src/rerank/errors.ts';
import { onion } from './onion.ts';

const LIMITS: BodyLimits = { maxBytes: 100, timeoutMs: 5000 };

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
      outcome = await readBody(c, limits);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RerankError);
      outcome = thrown as RerankError;
    }
    return c.body(null);
  });
  await app.request('/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
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
  test.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['a sequence cut off', [0x22, 0xf0, 0x9f, 0x98]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
  ])('when it holds %s, which is not UTF-8', async (_, bytes) => {
    for (const init of [declared(Buffer.from(bytes)), { body: pieces([Buffer.from(bytes)]) }]) {
      expect(await read(init)).toMatchObject({ kind: 'invalid_request' });
    }
  });

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
