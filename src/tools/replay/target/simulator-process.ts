/** The simulator in a process of its own: its scoring must not delay the replay's requests and measurements. */

import type { SimulatorOptions } from '../../../simulator/server.ts';
import type { LoggedCall } from '../spending.ts';
import { type Child, startChild } from './child.ts';

export interface SimulatorProcess {
  readonly url: string;
  /** The calls so far. */
  calls(): Promise<LoggedCall[]>;
}

const ENTRY = new URL('./simulator-main.ts', import.meta.url);

/** @param onStart called with the process as soon as it is started */
export const startSimulatorProcess = async (
  options: SimulatorOptions,
  env: Readonly<Record<string, string>>,
  onStart: (child: Child) => void,
): Promise<SimulatorProcess> => {
  const child = startChild({ entry: ENTRY, env });
  onStart(child);
  const ask = <T>(question: object | string): Promise<T> => {
    const answer = new Promise<T>((resolve) => child.process.once('message', (it) => resolve(it as T)));
    const ended = child.exited.then((how) => {
      throw new Error(`the simulator ${how}\n${child.lastWords()}`.trim());
    });
    // If it can't be sent, the process has ended, which is reported.
    child.process.send(question, () => {});
    return Promise.race([answer, ended]);
  };
  const { url } = await ask<{ url: string }>(options);
  return { url, calls: () => ask<LoggedCall[]>('calls') };
};
