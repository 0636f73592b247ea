/** Callers that never stop asking, each time something new, and what became of it. */

import { setMaxListeners } from 'node:events';
import { Agent, request } from 'undici';

export interface Answered {
  /** Milliseconds on the monotonic clock of this process. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** 0: the connection broke. */
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Milliseconds in the queue, by `Server-Timing`. */
  readonly queueMs: number | undefined;
}

export interface Load {
  readonly answers: readonly Answered[];
  /** Requests without an answer so far. */
  readonly open: number;
  /** Stops asking, and waits for what is under way. */
  stop(): Promise<void>;
  /** Stops asking, and leaves what is under way; what was left counts as no answer. */
  abandon(): Promise<void>;
}

let serial = 0;

const agent = new Agent({ connections: 1000, pipelining: 1 });

export interface AskOptions {
  readonly key: string;
  readonly model: string;
  /** Seconds, as `Prefer: wait`. */
  readonly wait?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told apart in the simulator's log. Default: something nobody asked before. */
  readonly query?: string;
  readonly documents?: readonly string[];
}

/** One request, as one client. */
export const ask = async (url: string, options: AskOptions): Promise<Answered> => {
  const { key, model, wait, signal, query = `question ${serial++}`, documents = ['one', 'two'] } = options;
  const askedAt = performance.now();
  const done = (status: number, headers: Record<string, string | string[] | undefined> = {}): Answered => {
    const retryAfter = headers['retry-after'];
    const queue = /queue;dur=([\d.]+)/.exec(String(headers['server-timing'] ?? ''));
    return {
      askedAt,
      answeredAt: performance.now(),
      status,
      retryAfterMs: typeof retryAfter === 'string' ? Number(retryAfter) * 1000 : undefined,
      queueMs: queue ? Number(queue[1]) : undefined,
    };
  };
  try {
    const { statusCode, headers, body } = await request(`${url}/v1/rerank`, {
      dispatcher: agent,
      method: 'POST',
      signal: signal ?? null,
      headers: {
        authorization: `Bearer ${key}`,
        ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
      },
      body: JSON.stringify({ model, query, documents }),
    });
    await body.dump();
    return done(statusCode, headers);
  } catch {
    return done(0);
  }
};

export interface LoadOptions {
  readonly urls: () => readonly string[];
  readonly key: string;
  readonly model: string;
  readonly callers: number;
  /** A number in [0, 1) that chooses the process a caller asks next. */
  readonly random?: () => number;
  /** First word of every query, so that they can be told apart in the simulator's log. */
  readonly query?: string;
}

export const startLoad = ({
  urls,
  key,
  model,
  callers,
  random = Math.random,
  query = 'question',
}: LoadOptions): Load => {
  const answers: Answered[] = [];
  const leaving = new AbortController();
  const { signal } = leaving;
  // Every caller listens to it.
  setMaxListeners(0, signal);
  let stopped = false;
  let open = 0;
  const caller = async (): Promise<void> => {
    while (!stopped) {
      const all = urls();
      open++;
      const answer = await ask(all[Math.floor(random() * all.length)]!, {
        key,
        model,
        signal,
        query: `${query} ${serial++}`,
      });
      open--;
      if (!signal.aborted) answers.push(answer);
      // Refused or cut off: as any client would, wait a moment.
      if (answer.status !== 200) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return {
    answers,
    get open() {
      return open;
    },
    async stop() {
      stopped = true;
      await all;
    },
    async abandon() {
      stopped = true;
      leaving.abort();
      await all;
    },
  };
};
