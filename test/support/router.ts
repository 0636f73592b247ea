/** In front of several gateways as Heroku's router is in front of dynos: each request goes to one of them at random. */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Router {
  readonly url: string;
  /** The processes it chooses from, by name. Kept by the test. */
  readonly targets: Map<string, string>;
  /** Answers of rerank requests that came from a process, and those that broke off. */
  readonly rerank: { answered: number; broken: number };
  /** Resolves when this process has answered another scrape. */
  scraped(name: string): Promise<void>;
  stop(): Promise<void>;
}

export const startRouter = async (): Promise<Router> => {
  const targets = new Map<string, string>();
  const rerank = { answered: 0, broken: 0 };
  const waiting = new Map<string, () => void>();

  const forward = (req: IncomingMessage, res: ServerResponse): void => {
    const all = [...targets];
    const chosen = all[Math.floor(Math.random() * all.length)];
    if (chosen === undefined) {
      res.writeHead(503).end();
      return;
    }
    const [name, url] = chosen;
    const scrape = req.url === '/metrics';
    const onward = request(`${url}${req.url}`, { method: req.method, headers: req.headers }, (answer) => {
      if (!scrape) rerank.answered++;
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
      answer.once('error', () => res.destroy());
      if (scrape) answer.once('end', () => waiting.get(name)?.());
    });
    onward.once('error', () => {
      if (!scrape) rerank.broken++;
      if (res.headersSent) res.destroy();
      else res.writeHead(503).end();
    });
    res.once('close', () => onward.destroy());
    req.pipe(onward);
  };

  const server = createServer(forward);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    rerank,
    scraped: (name) =>
      new Promise((resolve) => {
        waiting.set(name, () => {
          waiting.delete(name);
          resolve();
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
