/**
 * The least that a caching gateway on node:http could do: read the body, make a digest of it, write a ready answer. The path
 * says how many bytes that answer has: `POST /1234`. DIGEST says which digest, or none.
 */

import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const answers = new Map<string, Buffer>();

const answerOf = (path: string): Buffer => {
  let answer = answers.get(path);
  if (answer === undefined) {
    answer = Buffer.alloc(Number(path.slice(1)), ' ');
    answers.set(path, answer);
  }
  return answer;
};

interface Digest {
  update(chunk: Buffer): unknown;
  end(): string;
}

const [key, nonce] = [randomBytes(16), randomBytes(12)];

const DIGESTS: Readonly<Record<string, () => Digest>> = {
  'SHA-256': () => {
    const hash = createHash('sha256');
    return { update: (chunk) => hash.update(chunk), end: () => hash.digest('base64url') };
  },
  GMAC: () => {
    const mac = createCipheriv('aes-128-gcm', key, nonce);
    return {
      update: (chunk) => mac.setAAD(chunk),
      end() {
        mac.final();
        return mac.getAuthTag().toString('base64url');
      },
    };
  },
  none: () => ({ update() {}, end: () => 'none' }),
};

const digest = DIGESTS[process.env.DIGEST ?? 'SHA-256']!;

const server = createServer({ keepAliveTimeout: 95_000 }, (req, res) => {
  const made = digest();
  req.on('data', (chunk: Buffer) => void made.update(chunk));
  req.on('end', () => {
    const answer = answerOf(req.url ?? '/0');
    res.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': answer.length,
      ETag: made.end(),
    });
    res.end(answer);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
