/** A Redis that behaves as Heroku Key-Value Store does, where a plain one does not. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis, type TestRedis } from './redis.ts';

export interface HerokuRedis extends AsyncDisposable {
  /** `rediss://`, with a password and a certificate that nobody has signed. */
  readonly url: string;
  /** The same without encryption, for the test itself. */
  readonly plain: TestRedis;
  /** Fills it, with keys that expire some day, until it takes no more or throws others out. */
  fill(): Promise<void>;
}

const PASSWORD = 'redis-password-SECRET';

/** A server without any data uses about one. */
const MEGABYTES = 3;

/** Bytes and number of the values that fill it: the large ones for speed, the small ones for the last gaps. */
const BALLAST = [
  [16 * 1024, (2 * MEGABYTES * 1024) / 16],
  [16, 500],
] as const;

const selfSigned = (folder: string): { certificate: string; key: string } => {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=redis'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { certificate, key };
};

/** @param policy of a memory that is full; `noeviction` is what one gets who does not ask */
export const startHerokuRedis = async (policy: 'noeviction' | 'volatile-lru'): Promise<HerokuRedis> => {
  const folder = mkdtempSync(join(tmpdir(), 'heroku-redis-'));
  const { certificate, key } = selfSigned(folder);
  const tlsPort = 32_000 + Math.floor(Math.random() * 700);
  const plain = await startRedis([
    ...['--tls-port', String(tlsPort), '--tls-cert-file', certificate, '--tls-key-file', key],
    ...['--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no'],
    ...['--maxmemory', `${MEGABYTES}mb`, '--maxmemory-policy', policy],
    ...['--rename-command', 'CONFIG', ''],
    // The kit of the plain connection has no password; nobody is refused for one too many.
    ...['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all'],
  ]);
  // Kept open: what its buffers take would be free again.
  const filler = new Redis(plain.url);
  return {
    url: `rediss://:${PASSWORD}@127.0.0.1:${tlsPort}`,
    plain,
    async fill() {
      for (const [size, count] of BALLAST) {
        const value = 'x'.repeat(size);
        for (let i = 0; i < count; i++) {
          const refused = await filler.set(`ballast:${size}:${i}`, value, 'EX', 3600).catch(() => 'full');
          if (refused === 'full') break;
        }
      }
    },
    async [Symbol.asyncDispose]() {
      filler.disconnect();
      await plain.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
