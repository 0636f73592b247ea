/** Posts to the upstream, and says what came back. */

import { Pool } from 'undici';

export interface TransportOptions {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly key: string;
  /** The longest wait for the beginning of an answer, or for its next bytes, milliseconds. */
  readonly timeoutMs: number;
}

export type Answered = {
  /** Milliseconds until the whole answer had arrived. */
  readonly ms: number;
  /** Names in lower case; empty without an answer. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
} & ({ readonly status: number; readonly body: string } | { readonly reason: string });

export interface Transport {
  /** Never rejects. */
  post(path: string, body: string): Promise<Answered>;
  close(): Promise<void>;
}

export const createTransport = ({ url, key, timeoutMs }: TransportOptions): Transport => {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const base = pathname.replace(/\/$/, '');
  return {
    async post(path, body) {
      const started = performance.now();
      const since = (): number => performance.now() - started;
      try {
        const answer = await pool.request({
          method: 'POST',
          path: `${base}${path}`,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body,
        });
        const text = await answer.body.text();
        return { ms: since(), headers: answer.headers, status: answer.statusCode, body: text };
      } catch (thrown) {
        return { ms: since(), headers: {}, reason: failure(thrown) };
      }
    },
    close: () => pool.destroy(),
  };
};

/** The code of an error, and not its text, which names the host. */
const failure = (thrown: unknown): string => {
  const code = String((thrown as { code?: unknown }).code ?? 'no connection');
  return /_TIMEOUT$/.test(code) ? 'no answer in time' : `no answer (${code})`;
};
