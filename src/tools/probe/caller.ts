/** Makes the calls of a rerank model, and returns what was observed at each. */

import { RerankError } from '../../calls/errors.ts';
import { readAnswer } from '../../endpoints/rerank/wire.ts';
import { messageOf, readRefusal } from '../../upstream/refusal.ts';
import type { Observation } from './observation.ts';
import type { PlannedCall } from './plan.ts';
import type { Transport } from './transport.ts';

/** The call never rejects. */
export const createCaller =
  ({ post }: Pick<Transport, 'post'>): ((planned: PlannedCall) => Promise<Observation>) =>
  async (planned) => {
    const answered = await post('/v1/rerank', planned.body);
    const { ms, headers } = answered;
    const seen = { call: planned, ms, headers };
    if (!('status' in answered)) return { ...seen, outcome: 'failed', reason: answered.reason };
    return { ...seen, ...read(planned, answered.status, headers, answered.body) };
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
  try {
    const { values, spent, unitsStated } = readAnswer(body, documents.length);
    return { outcome: 'scored', values, searchUnits: unitsStated ? spent : undefined };
  } catch (thrown) {
    if (thrown instanceof RerankError) return { outcome: 'failed', reason: 'the answer is no rerank answer' };
    throw thrown;
  }
};
