/** The scripts of one window, as commands of a Redis client. */

import type { Redis } from 'ioredis';
import type { Reply } from '../replies.ts';
import { ADMIT } from './admit.ts';
import { CANCEL, COMPLETE } from './calls.ts';
import { ENTER, LEAVE, TELL } from './presence.ts';

const SCRIPTS = { admit: ADMIT, complete: COMPLETE, cancel: CANCEL, tell: TELL, enter: ENTER, leave: LEAVE };

export type Script = keyof typeof SCRIPTS;
type Argument = string | number;
type Command = (...args: readonly Argument[]) => Promise<Reply>;

/** @param keys see keysOf */
export const commandsOf = (
  client: Pick<Redis, 'defineCommand'>,
  keys: readonly string[],
): ((script: Script, ...args: readonly Argument[]) => Promise<Reply>) => {
  const commands = client as unknown as Record<string, Command>;
  for (const [script, lua] of Object.entries(SCRIPTS)) {
    const name = nameOf(script);
    if (commands[name] === undefined) client.defineCommand(name, { numberOfKeys: keys.length, lua });
  }
  return (script, ...args) => commands[nameOf(script)]!.call(client, ...keys, ...args);
};

const nameOf = (script: string): string => `window_${script}`;
