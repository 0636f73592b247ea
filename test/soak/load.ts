/** Callers that never stop, and a tally of what became of their requests. */

import { Agent, request } from 'undici';
import { makeRequest } from './requests.ts';

export interface Tally {
  requests: number;
  answered: number;
  refused: number;
  /** Left by their callers, or cut with a process that was killed. */
  left: number;
  cut: number;
  wrong: number;
  unanswered: number;
  /** The first of the wrong and the unanswered, in words without texts. */
  readonly examples: string[];
}

export interface LoadOptions {
  readonly urls: () => readonly string[];
  readonly callers: number;
  /** The longest that an answer may take, milliseconds. */
  readonly patienceMs: number;
  readonly random: () => number;
  /** Whether a process was ended while a request to it was under way. */
  readonly wasEnded: (url: string, since: number) => boolean;
}

const MOST_EXAMPLES = 10;

export const startLoad = ({ urls, callers, patienceMs, random, wasEnded }: LoadOptions) => {
  const tally: Tally = {
    requests: 0,
    answered: 0,
    refused: 0,
    left: 0,
    cut: 0,
    wrong: 0,
    unanswered: 0,
    examples: [],
  };
  const agent = new Agent({ connections: callers, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
  let stopped = false;
  const note = (kind: 'wrong' | 'unanswered', why: string): void => {
    tally[kind]++;
    if (tally.examples.length < MOST_EXAMPLES) tally.examples.push(`${kind}: ${why}`);
  };

  const once = async (): Promise<void> => {
    const all = urls();
    const url = all[Math.floor(random() * all.length)]!;
    const { headers, body, judge, leavesAfterMs } = makeRequest(random);
    const since = performance.now();
    const given = AbortSignal.timeout(Math.ceil(leavesAfterMs ?? patienceMs));
    tally.requests++;
    try {
      const answer = await request(`${url}/v1/rerank`, {
        dispatcher: agent,
        method: 'POST',
        headers,
        body,
        signal: given,
      });
      const text = await answer.body.text();
      const why = judge(answer.statusCode, parse(text), (answer.headers['retry-after'] as string) ?? null);
      if (why !== undefined) note('wrong', why);
      else if (answer.statusCode === 200) tally.answered++;
      else tally.refused++;
      // Not as SDKs do, who come back at once; a fleet of these would ask nothing but refusals.
      if (answer.statusCode !== 200) await pause(200 + 600 * random());
    } catch (thrown) {
      if (given.aborted && leavesAfterMs !== undefined) tally.left++;
      else if (given.aborted) note('unanswered', `after ${patienceMs} ms`);
      else if (wasEnded(url, since)) tally.cut++;
      else note('unanswered', String((thrown as { code?: string }).code));
      await pause(50);
    }
  };
  const caller = async (): Promise<void> => {
    while (!stopped) await once();
  };
  const running = Array.from({ length: callers }, caller);
  return {
    tally,
    /** Stops asking, and waits for what is under way. */
    async stop(): Promise<void> {
      stopped = true;
      await Promise.all(running);
      await agent.close();
    },
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
