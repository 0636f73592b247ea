import { expect, test } from 'vitest';
import { startTestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import { bodyOf, fresh } from './requests.ts';

const OLD = 'old-key-SECRET-of-search';
const NEW = 'new-key-SECRET-of-search';

test.each(['shared', 'client'])(
  'a key is changed, old and new one side by side, and nothing cached is lost (%s)',
  async (scope) => {
    await using redis = await startRedis();
    const request = fresh();
    /** A process with these keys, and where its answer to `key` came from; undefined: it was refused. */
    const restarted = async (keys: readonly string[], upstreamKey: string, key: string) => {
      const gateway = await startTestGateway({
        env: {
          GATEWAY_KEYS: keys.map((one) => `search:${one}`).join(','),
          RERANK_KEY: upstreamKey,
          REDIS_URL: redis.url,
          CACHE_SCOPE: scope,
        },
        simulator: { keys: { [upstreamKey]: {} } },
      });
      try {
        const answer = await gateway.rerank(request, { headers: { authorization: `Bearer ${key}` } });
        if (answer.status === 401) return undefined;
        await bodyOf(answer);
        return answer.headers.get('cache-status');
      } finally {
        await gateway.stop();
      }
    };
    expect(await restarted([OLD], 'upstream-key-SECRET-1', OLD)).toContain('fwd=miss');
    expect(await restarted([OLD, NEW], 'upstream-key-SECRET-1', NEW)).toContain('hit; detail=redis');
    expect(await restarted([NEW], 'upstream-key-SECRET-2', NEW)).toContain('hit; detail=redis');
    expect(await restarted([NEW], 'upstream-key-SECRET-2', OLD)).toBeUndefined();
  },
);
