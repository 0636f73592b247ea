/** `npm run dev -- --unkind [PROFILE]`: what goes wrong at the built-in simulator. */

import { parseArgs } from 'node:util';
import type { Profile } from './unkind.ts';

/** Undefined when nothing is to go wrong. Ends the process with 2 when the command line is not to be understood. */
export const unkindOf = async (
  args: readonly string[],
  { upstreams }: { readonly upstreams: readonly unknown[] },
): Promise<Profile | undefined> => {
  if (args.length === 0) return undefined;
  // Loaded only here: production never reads the simulator's code.
  const { isProfile, PROFILE_NAMES } = await import('./unkind.ts');
  const profile = profileIn(args);
  if (profile !== undefined && isProfile(profile) && upstreams.length === 0) return profile;
  process.stderr.write(
    `The only option is --unkind [${PROFILE_NAMES.join(' | ')}], for the built-in simulator: without RERANK_URL.\n`,
  );
  process.exit(2);
};

/** Without a name it is all of them. */
const profileIn = (args: readonly string[]): string | undefined => {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { unkind: { type: 'boolean' } },
      allowPositionals: true,
    });
    return values.unkind && positionals.length <= 1 ? (positionals[0] ?? 'all') : undefined;
  } catch {
    return undefined;
  }
};
