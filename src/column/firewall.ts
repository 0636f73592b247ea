/**
 * Finds out what the firewall in front of the upstream has against an ask: some of its documents, or its query. Those are
 * blamed, and remembered; the scores of the others have come in on the way.
 */

import type { Refused } from '../cache/refused.ts';
import { Blamed } from '../calls/blame.ts';
import { FirewallRefusal } from '../calls/firewall-refusal.ts';
import type { Ask, Layer, Scores } from '../calls/scoring.ts';
import { type Found, search } from './firewall/search.ts';

const WHOLE: Found = { blame: { of: 'request' }, searchUnits: 0 };

/** Synchronous up to the next layer, as the layers around it need. */
export const firewall =
  (refused: Refused): Layer =>
  (inner) => {
    const blamed = async (ask: Ask, refusal: FirewallRefusal): Promise<Blamed> => {
      // Parts of it would have other scores.
      const { blame, searchUnits } = ask.identity.whole ? WHOLE : await search(inner, ask, refusal);
      if (ask.cache.write) refused.note(ask.identity, blame);
      return new Blamed(blame, searchUnits);
    };
    return {
      score(ask): Promise<Scores> {
        const blame = ask.cache.read ? refused.find(ask.identity) : undefined;
        if (blame !== undefined) return Promise.reject(new Blamed(blame));
        return inner.score(ask).catch(async (thrown) => {
          throw thrown instanceof FirewallRefusal ? await blamed(ask, thrown) : thrown;
        });
      },
    };
  };
