/** What an operator reads in the log about the gateway itself: its scores, its windows, its upstreams. */

import type { Logger } from 'pino';
import type { CachesOptions } from './cache/caches.ts';
import { framesOf } from './log.ts';
import type { PacersOptions } from './pacing/pacers.ts';

type OfCaches = Pick<CachesOptions, 'onDependent' | 'onChange'>;
type OfPacers = Pick<PacersOptions, 'onChange' | 'onBug' | 'onCircuit'>;

export const cacheNotices = (log: Logger): OfCaches => ({
  onDependent(model) {
    log.error({ model }, 'scores depend on more than their pair: reused for the same documents only');
  },
  onChange(model, purged) {
    if (purged) log.warn({ model }, 'the model has changed: its older scores are forgotten');
    else log.error({ model }, 'scores change too often to be forgotten each time');
  },
});

export const pacingNotices = (log: Logger): OfPacers => ({
  onChange(window, state, cause) {
    log.warn({ window, state, reason: cause?.kind, code: cause?.code }, 'pacing');
  },
  onBug(window, error) {
    log.error({ window, cause: framesOf(error) ?? typeof error }, 'pacing failed');
  },
  onCircuit(upstream, model, reason) {
    if (reason) log.error({ upstream, model, reason }, 'upstream is left alone');
    else log.warn({ upstream, model }, 'upstream is back');
  },
});
