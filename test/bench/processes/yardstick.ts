/**
 * The least that a caching gateway on node:http could do: read the body, hash it, write a ready answer. The path says
 * how many bytes that answer has: `POST /1234`.
 */

import { createHash } from 'node:crypto';
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

const server = createServer({ keepAliveTimeout: 95_000 }, (req, res) => {
  const hash = createHash('sha256');
  req.on('data', (chunk: Buffer) => hash.update(chunk));
  req.on('end', () => {
    const answer = answerOf(req.url ?? '/0');
    res.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': answer.length,
      ETag: hash.digest('base64url'),
    });
    res.end(answer);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
