/** `DELETE /v1/cache?model=…`: purges a model's scores, in all processes at once. For clients marked as admin. */

import type { Handler } from 'hono';
import { invalidField, RerankError } from '../calls/errors.ts';
import { chooseModel } from './access.ts';
import type { GatewayEnv } from './context.ts';

export interface PurgeOptions {
  readonly models: readonly string[];
  /** Rejects when only this process has purged them so far. */
  readonly purge: (model: string) => Promise<void>;
  /** Called with whether all processes have purged them. */
  readonly onPurge?: ((client: string, model: string, complete: boolean) => void) | undefined;
}

export const purgeCache = ({ models, purge, onPurge }: PurgeOptions): Handler<GatewayEnv> =>
  async function purgeCache(c) {
    const caller = c.get('caller');
    if (!caller.admin) throw new RerankError('forbidden', 'This key may not purge the cache.');
    const requested = c.req.query('model');
    if (!requested) throw invalidField('model', 'is needed, as in `?model=NAME`.');
    const model = chooseModel(caller, models, requested);
    await purge(model).catch((thrown) => {
      onPurge?.(caller.name, model, false);
      throw new RerankError('purge_incomplete', undefined, { cause: thrown });
    });
    onPurge?.(caller.name, model, true);
    return c.json({ object: 'cache', model, purged: true });
  };
