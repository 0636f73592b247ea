/** Which of several attachments a call may go to, by their health and by where it has failed. */

import type { Again } from '../calls/attempt.ts';
import { RerankError } from '../calls/errors.ts';
import type { Health } from './health.ts';
import type { Caller } from './suspects.ts';

export interface Attachment {
  /** Its alias. */
  readonly attachment: string;
  readonly health: Health;
}

/** Who makes a call, its content, and where it has failed. */
export interface Attempt extends Caller {
  readonly again?: Again | undefined;
}

const isUp = ({ health }: Attachment, call: Attempt): boolean => {
  const standing = health.standing(call);
  return standing === 'good' || standing === 'trial';
};

const isNever = ({ attachment }: Attachment, { again }: Attempt): boolean =>
  again?.never.has(attachment) ?? false;

const isAvoided = ({ attachment }: Attachment, { again }: Attempt): boolean =>
  again?.avoid.has(attachment) ?? false;

/** Nobody is kept away from any of them, and no call is suspected there. */
export const areGood = (all: readonly Attachment[]): boolean =>
  all.every(({ health }) => health.standing() === 'good' && !health.hasSuspects);

/** Those that are up and have not failed the call; else, those that are up; else, those that refuse us. */
export const choose = <T extends Attachment>(all: readonly T[], call: Attempt): readonly T[] => {
  // As it is nearly always.
  if (call.again === undefined && areGood(all)) return all;
  const allowed = all.filter((one) => !isNever(one, call));
  const up = allowed.filter((one) => isUp(one, call));
  const others = up.filter((one) => !isAvoided(one, call) && one.health.barredMs(call) === 0);
  if (others.length > 0) return others;
  return up.length > 0 ? up : allowed.filter(({ health }) => health.standing(call) === 'refused');
};

/** Another than this one is up, and has not failed the call. */
export const hasOther = (all: readonly Attachment[], one: Attachment, call: Attempt): boolean =>
  all.some((other) => other !== one && isUp(other, call) && !isAvoided(other, call) && !isNever(other, call));

/** Why the call may be made nowhere, as none of them is up or it has failed too often; undefined: it may be. */
export const outageOf = (all: readonly Attachment[], call: Attempt): RerankError | undefined => {
  const chosen = choose(all, call);
  const waitsMs =
    chosen.length > 0
      ? chosen.map(({ health }) => health.barredMs(call))
      : all.map(({ health }) => health.retryInMs(call));
  const retryAfterMs = Math.min(...waitsMs);
  if (chosen.length > 0 && retryAfterMs === 0) return undefined;
  return new RerankError('no_upstream', undefined, { retryAfterMs });
};
