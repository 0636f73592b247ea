import { Redis } from 'ioredis';

const BATCH = 500;

/**
 * Removes all keys of one replay: no other process needs them, and some would stay for days. Keys that can't be removed
 * expire.
 */
export const forget = async (url: string, prefix: string): Promise<void> => {
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
    // As the gateway does: Heroku Key-Value Store presents a self-signed certificate.
    ...(url.startsWith('rediss:') ? { tls: { rejectUnauthorized: false } } : {}),
  });
  client.on('error', () => {});
  try {
    await client.connect();
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', BATCH);
      if (keys.length > 0) await client.unlink(keys);
      cursor = next;
    } while (cursor !== '0');
  } catch {
    // Redis is gone, and either the keys are, too, or they expire.
  } finally {
    client.disconnect();
  }
};
