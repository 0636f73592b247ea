/** A gateway as a server, which listens and drains. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { assemble } from './assembly.ts';
import { announcement } from './config/announcement.ts';
import type { Config } from './config/config.ts';
import { badRequest } from './http/client-error.ts';
import { drain } from './http/drain.ts';
import { inviteLater } from './http/expect.ts';
import { inTurn } from './http/in-turn.ts';
import { closeLingering } from './http/lingering.ts';
import { Sockets } from './http/sockets.ts';
import { readAnyTarget } from './http/target.ts';
import type { Profile } from './simulator/unkind.ts';

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, waits for the requests under way, and closes. Every call returns the same promise. */
  drain(): Promise<void>;
}

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** The longest that a drain may take, milliseconds. */
  readonly drainMs?: number;
  /** Milliseconds for which idle connections stay open after the port is closed. */
  readonly idleMs?: number;
  /** The faults of the built-in simulator, if that is the upstream. */
  readonly unkind?: Profile | undefined;
  /** Dropped log lines since the start. */
  readonly linesDropped?: () => number;
}

/**
 * Heroku's router keeps idle connections for 90 s. They are kept longer here, so that it is always the router that closes: if
 * a connection is closed under a request, its caller sees an error.
 */
const KEEP_ALIVE_MS = 95_000;

/** Heroku kills a process 30 s after SIGTERM; a drain ends 5 s before that. */
export const DRAIN_MS = 25_000;

/** Longer than a request that Heroku's router has sent takes to arrive here. */
const IDLE_MS = 1500;

export const startGateway = async ({
  config,
  log,
  version,
  drainMs = DRAIN_MS,
  idleMs = IDLE_MS,
  unkind,
  linesDropped = () => 0,
}: GatewayOptions): Promise<Gateway> => {
  let draining = false;
  const { app, front, callers, onRequest, endStreams, close } = await assemble({
    config,
    log,
    version,
    draining: () => draining,
    unkind,
    linesDropped,
  });

  const server = createServer(
    { requireHostHeader: false },
    inTurn(front.before(getRequestListener(app.fetch))),
  );
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  inviteLater(server);
  readAnyTarget(server);
  closeLingering(server);
  const sockets = new Sockets(server);
  server.on(
    'clientError',
    badRequest(onRequest, (socket) => sockets.isBusy(socket)),
  );
  const { port } = await listen(server, config).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  // A connection that cannot be accepted is no reason to end the process.
  server.on('error', ({ code }: NodeJS.ErrnoException) => log.error({ code }, 'server'));
  log.info({ port, ...announcement(config, version, port) }, 'listening');

  let drained: Promise<void> | undefined;
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    port,
    drain() {
      draining = true;
      endStreams();
      drained ??= drain({
        server,
        sockets,
        callers,
        delayMs: config.drainDelayMs,
        idleMs,
        budgetMs: drainMs,
      }).then(close);
      return drained;
    },
  };
};

const listen = (server: Server, { host, port }: Config): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
