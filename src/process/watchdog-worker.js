/**
 * The watchdog's own thread, which goes on when the main one stands still. In JavaScript, since node 20 starts no thread
 * from TypeScript, whatever loader the main thread has.
 */

import { write } from 'node:fs';
import { Session } from 'node:inspector';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';

/** @type {import('./watchdog.ts').WatchdogData} */
const { pulse, tickMs, stallMs, stamped, base, root } = workerData;

/** How long the main thread is given to stop where it is and to end, and a reader to take the line. Milliseconds. */
const PATIENCE_MS = 1000;

const MOST_FRAMES = 10;

/**
 * Ends the main thread with the session's help: nothing that is said from here ends more than this thread, but a signal,
 * which tells no exit code. Closes standard error first, where node would add a line about the session.
 */
const EXIT = "process.getBuiltinModule('node:fs').closeSync(2); process.exit(70)";

let beats = -1;
/** Own ticks since the last beat. A machine that was suspended has stopped these as well, whatever its clock says. */
let still = 0;
const ticking = setInterval(() => {
  const now = Atomics.load(pulse, 0);
  still = now === beats ? still + 1 : 0;
  beats = now;
  const debugged = Atomics.load(pulse, 1) > 0;
  if (debugged || still * tickMs < stallMs) return;
  clearInterval(ticking);
  void end();
}, tickMs);

const end = async () => {
  const session = new Session();
  session.connectToMainThread();
  const stack = await Promise.race([pause(session), sleep(PATIENCE_MS, undefined)]);
  await Promise.race([report(stack), sleep(PATIENCE_MS)]);
  if (stack) {
    session.post('Runtime.evaluate', { expression: EXIT });
    await sleep(PATIENCE_MS);
  }
  // It stands in native code, where nothing can interrupt it.
  process.kill(process.pid, 'SIGKILL');
};

/**
 * Stops the main thread. Where that is tells functions and places, and no values.
 * @param {Session} session
 * @returns {Promise<string[]>}
 */
const pause = (session) =>
  new Promise((resolve) => {
    const urls = new Map();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    session.once('Debugger.paused', ({ params }) => {
      const frames = params.callFrames.slice(0, MOST_FRAMES);
      resolve(
        frames.map(({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) => {
          const place = `${urls.get(scriptId)?.replace(root, '')}:${lineNumber + 1}:${columnNumber + 1}`;
          return `at ${functionName || '<anonymous>'} (${place})`;
        }),
      );
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });

/**
 * On standard error: it may be the log's reader for whom the main thread waits.
 * @param {string[] | undefined} stack
 * @returns {Promise<void>}
 */
const report = (stack) => {
  const line = JSON.stringify({
    level: 'fatal',
    ...(stamped ? { time: new Date().toISOString() } : {}),
    ...base,
    stallMs,
    stack: stack ?? 'in native code',
    msg: 'the event loop stands still: ending',
  });
  return new Promise((resolve) => write(2, `${line}\n`, () => resolve()));
};
