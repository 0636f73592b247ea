/** Whether Redis can be used, and whether it is set as it should be. Writes nothing. */

import { connectRedis, readyWithin } from '../../redis/client.ts';
import { type Failure, failureOf } from '../../redis/failure.ts';
import { redisServer } from '../../redis/url.ts';
import { type Finding, of } from './finding.ts';

const TIMEOUT_MS = 5000;

export const checkRedis = async (url: string): Promise<Finding[]> => {
  const { host, port } = redisServer(url);
  let failure: Failure | undefined;
  const client = connectRedis(url, {
    commandTimeoutMs: TIMEOUT_MS,
    onError: (error) => {
      if (error.code !== 'CLOSED') failure ??= error;
    },
  });
  try {
    await readyWithin(client, TIMEOUT_MS);
    const started = performance.now();
    await client.ping();
    const ms = Math.round(performance.now() - started);
    const info = await client.info().catch(() => undefined);
    return [of('Redis', 'fine')(`${host}:${port} answers in ${ms} ms`), ...judge(info)];
  } catch (thrown) {
    const { kind, code } = failure ?? failureOf(thrown);
    return [of('Redis', 'problem')(`${host}:${port} cannot be used (${kind}): ${code}`)];
  } finally {
    client.disconnect();
  }
};

/** @param info the answer to INFO; undefined: our user may not ask */
const judge = (info: string | undefined): Finding[] => {
  const [fine, warning, problem] = (['fine', 'warning', 'problem'] as const).map((kind) => of('Redis', kind));
  if (info === undefined) return [warning!('its version and eviction policy may not be read by this user')];
  const fields = new Map(
    info.split('\n').flatMap((line) => {
      const [name = '', value] = line.trim().split(':');
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const valkey = fields.get('valkey_version');
  const version = valkey
    ? `Valkey ${valkey}`
    : `Redis ${fields.get('redis_version') ?? 'of unknown version'}`;
  const bounded = fields.get('maxmemory') !== '0';
  const room = bounded ? `${fields.get('maxmemory_human')} of memory` : 'no bound of memory';
  const policy = fields.get('maxmemory_policy') ?? 'unknown';
  return [
    fine!(`${version}, ${room}, at most ${fields.get('maxclients') ?? 'an unknown number of'} connections`),
    ...(fields.get('role') === 'slave' ? [problem!('it is a replica, which takes no writes')] : []),
    policy.startsWith('volatile-') || !bounded
      ? fine!(`eviction policy ${policy}`)
      : policy.startsWith('allkeys-')
        ? warning!(`eviction policy ${policy} may drop what the pacer keeps: set volatile-lru`)
        : warning!(`eviction policy ${policy}: when full, it takes nothing new; set volatile-lru`),
  ];
};
