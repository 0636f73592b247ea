import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { ask, best } from './bed.ts';
import { behaviours } from './behaviours.ts';
import { type Client, type Question, ranked } from './client.ts';
import { Failed, run, shown } from './program.ts';

const SCRIPT = fileURLToPath(new URL('rerank.sh', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'curl-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

const fileOf = (bytes: string | Buffer): string => {
  const path = join(folder, String(++files));
  writeFileSync(path, bytes);
  return path;
};

const bodyOf = ({ topN, ...question }: Question): string => JSON.stringify({ ...question, top_n: topN });

const messageIn = (body: string): string => (body === '' ? '' : JSON.parse(body).message);

/** As `heroku config --shell` prints it, among other things. */
const environment = (variables: Readonly<Record<string, string | undefined>>): string =>
  Object.entries({ DATABASE_URL: "'postgres://x'", ...variables })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const rankWith =
  (...options: string[]): Client['rank'] =>
  async ({ url, key, retries, timeout }, question) => {
    const input = environment({ RERANK_URL: url, RERANK_KEY: key, RERANK_TIMEOUT: timeout?.toString() });
    const words = [fileOf(bodyOf(question)), ...(retries ? options : [])];
    const { code, stdout, stderr } = await run(SCRIPT, words, { input });
    if (code === 0) return ranked(JSON.parse(stdout));
    const [, status] = /returned error: (\d+)/.exec(stderr) ?? [];
    throw new Failed({
      kind: `exit code ${code}`,
      status: status === undefined ? undefined : Number(status),
      message: messageIn(stdout),
    });
  };

const common = {
  shown,
  kinds: {
    400: 'exit code 22',
    401: 'exit code 22',
    403: 'exit code 22',
    404: 'exit code 22',
    413: 'exit code 22',
    429: 'exit code 22',
    502: 'exit code 22',
    503: 'exit code 22',
    504: 'exit code 22',
  },
} as const;

behaviours({
  ...common,
  name: 'curl',
  rank: rankWith(),
  again: { 429: 'never', 503: 'never' },
  leaves: 'by a time-out',
  left: { kind: 'exit code 28' },
});
behaviours({
  ...common,
  name: 'curl --retry 2',
  rank: rankWith('--retry', '2'),
  again: { 429: 'as told', 503: 'as told' },
  ownPause: 1,
  leaves: 'by a time-out, and asks again',
});

describe('curl', () => {
  let gateway: TestGateway;

  beforeEach(async () => {
    gateway = await startTestGateway();
  });
  afterEach(() => gateway.stop());

  const curl = (...words: string[]) =>
    run('curl', ['-sS', '-H', `Authorization: Bearer ${KEYS.search}`, ...words, `${gateway.url}/v1/rerank`]);

  test('may leave its own Content-Type, that of a form', async () => {
    const question = ask();
    const { stdout } = await curl('-d', bodyOf(question));
    expect(ranked(JSON.parse(stdout))).toEqual(best(question));
  });

  test('may offer to go on with HTTP/2', async () => {
    const question = ask();
    const { stdout } = await curl('--http2', '-d', bodyOf(question));
    expect(ranked(JSON.parse(stdout))).toEqual(best(question));
  });

  test('may compress what it sends', async () => {
    const question = ask();
    const file = fileOf(gzipSync(bodyOf(question)));
    const { stdout } = await curl('-H', 'Content-Encoding: gzip', '--data-binary', `@${file}`);
    expect(ranked(JSON.parse(stdout))).toEqual(best(question));
  });

  /** One document of so many megabytes. */
  const large = (megabytes: number): string =>
    fileOf(bodyOf(ask({ documents: [randomBytes(megabytes * 512 * 1024).toString('hex')] })));

  test('waits with a large body until it is told to send it', async () => {
    const { code, stdout, stderr } = await curl('-v', '--data-binary', `@${large(2)}`);
    expect(code).toBe(0);
    expect(stderr).toContain('> Expect: 100-continue');
    expect(stderr).toContain('< HTTP/1.1 100 Continue');
    expect(ranked(JSON.parse(stdout))).toHaveLength(1);
  });

  test('sends nothing of a body that is too large', async () => {
    const { stdout } = await curl('-w', '\n%{http_code} %{size_upload}', '--data-binary', `@${large(17)}`);
    expect(stdout).toMatch(/\n413 0$/);
    expect(messageIn(stdout.split('\n')[0]!)).toContain('larger than');
  });
});
