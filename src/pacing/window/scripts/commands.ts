/** The scripts of one window, as commands of a Redis client. */

import type { Redis } from 'ioredis';
import { type Argument, scriptOf } from '../../../redis/commands.ts';
import type { Reply } from '../replies.ts';
import { ADMIT } from './admit.ts';
import { CANCEL, COMPLETE } from './calls.ts';
import { ENTER, LEAVE, TELL } from './presence.ts';

const SCRIPTS = { admit: ADMIT, complete: COMPLETE, cancel: CANCEL, tell: TELL, enter: ENTER, leave: LEAVE };

export type Script = keyof typeof SCRIPTS;

/** @param keys see keysOf */
export const commandsOf = (
  client: Pick<Redis, 'defineCommand'>,
  keys: readonly string[],
): ((script: Script, ...args: readonly Argument[]) => Promise<Reply>) => {
  const scripts = Object.fromEntries(
    Object.entries(SCRIPTS).map(([script, lua]) => [
      script,
      scriptOf(client, `window_${script}`, keys.length, lua),
    ]),
  );
  return (script, ...args) => scripts[script]!.text(...keys, ...args) as Promise<Reply>;
};
