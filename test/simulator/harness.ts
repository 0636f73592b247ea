import { afterEach } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';

export const COHERE = 'cohere-rerank-3-5';
export const AMAZON = 'amazon-rerank-1-0';
export const KEY = 'full-access-key';
export const COHERE_ONLY = 'cohere-only-key';

const running: Simulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

/** A simulator that ends with the test. */
export async function simulate(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    keys: { [KEY]: {}, [COHERE_ONLY]: { models: [COHERE] } },
    limits: { [COHERE]: 100, [AMAZON]: 100 },
    ...options,
  });
  running.push(simulator);
  return simulator;
}

export const BODY = {
  model: COHERE,
  query: 'how do dynos sleep',
  documents: ['Dynos sleep after thirty minutes.', 'Postgres has backups.', 'A dyno is a container.'],
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

/** Posts a value as JSON, or a string as it is, to the rerank route. */
export async function rerank(
  { url }: Simulator,
  body: unknown = BODY,
  { authorization = `Bearer ${KEY}`, signal }: { authorization?: string | null; signal?: AbortSignal } = {},
): Promise<Answer> {
  const response = await fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: signal ?? null,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Waits for something that happens soon, without a fixed sleep. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it never happened');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
