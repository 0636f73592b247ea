/** Makes the calls, and returns what was observed at each. */

import { Pool } from 'undici';
import { RerankError } from '../../calls/errors.ts';
import { readAnswer } from '../../endpoints/rerank/wire.ts';
import { messageOf, readRefusal } from '../../upstream/refusal.ts';
import type { Observation } from './observation.ts';
import type { PlannedCall } from './plan.ts';

export interface CallerOptions {
  /** Base URL without a trailing slash. */
  readonly url: string;
  readonly key: string;
  /** The longest wait for the beginning of an answer, or for its next bytes, milliseconds. */
  readonly timeoutMs: number;
}

export interface Caller {
  /** Never rejects. */
  call(planned: PlannedCall): Promise<Observation>;
  close(): Promise<void>;
}

export const createCaller = ({ url, key, timeoutMs }: CallerOptions): Caller => {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 1, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const path = `${pathname.replace(/\/$/, '')}/v1/rerank`;

  return {
    async call(planned) {
      const started = performance.now();
      const since = (): number => performance.now() - started;
      try {
        const answer = await pool.request({
          method: 'POST',
          path,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: planned.body,
        });
        const body = await answer.body.text();
        const seen = { call: planned, ms: since(), headers: answer.headers };
        return { ...seen, ...read(planned, answer.statusCode, answer.headers, body) };
      } catch (thrown) {
        return { call: planned, ms: since(), headers: {}, outcome: 'failed', reason: failure(thrown) };
      }
    },
    close: () => pool.destroy(),
  };
};

type Outcome = Observation extends infer One
  ? One extends Observation
    ? Omit<One, 'call' | 'ms' | 'headers'>
    : never
  : never;

const read = (
  { documents }: PlannedCall,
  status: number,
  headers: Observation['headers'],
  body: string,
): Outcome => {
  if (status !== 200) {
    const { retryAfterMs } = readRefusal(status, headers, body);
    return { outcome: 'refused', status, message: messageOf(body), retryAfterMs };
  }
  const { values, spent, unitsStated } = readAnswer(body, documents.length);
  return { outcome: 'scored', values, searchUnits: unitsStated ? spent : undefined };
};

/** The code of an error, and not its text, which names the host. */
const failure = (thrown: unknown): string => {
  if (thrown instanceof RerankError) return 'the answer is no rerank answer';
  const code = String((thrown as { code?: unknown }).code ?? 'no connection');
  return /_TIMEOUT$/.test(code) ? 'no answer in time' : `no answer (${code})`;
};
