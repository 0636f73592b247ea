/** A program that ends as a gateway does, with something in the way. Its argument says what. */

import { open } from 'node:fs';
import { endProperly } from '../../src/process/ending.ts';
import { LineWriter } from '../../src/process/line-writer.ts';

const lines = new LineWriter({ stream: process.stdout });
const say = (text: string): void => lines.write(`${text}\n`);
const never = new Promise<void>(() => {});

const WAYS: Record<string, () => Promise<void>> = {
  'nothing hangs': async () => {},
  'a step hangs': () => never,
  'a step fails': async () => {
    throw new Error('SECRET');
  },
};

endProperly({
  lines,
  budgetMs: 500,
  onSignal: (signal) => {
    say(signal);
    return WAYS[process.argv[2]!]!();
  },
  onCrash: (error) => say(`crash: ${(error as Error).name}`),
});

// Opening a pipe that nobody writes to keeps one of libuv's threads, as does a name server that does not answer.
if (process.argv[3]) open(process.argv[3], 'r', () => {});
if (process.argv[2] === 'a throw') setTimeout(() => (undefined as unknown as () => void)());
if (process.argv[2] === 'a rejection') void Promise.reject(new RangeError('SECRET'));
if (process.argv[2] === 'last words') {
  for (let i = 0; i < 10_000; i++) say(`line ${i}`);
  process.exit(3);
}
say('running');
setInterval(() => {}, 1000);
