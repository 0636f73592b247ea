/** The upstream, in a process of its own: its scoring must not take time from the load generator. */

import { startSimulator } from '../../../src/simulator/server.ts';

const { PORT, UPSTREAM_KEY = '', MODEL = '', LIMIT, WINDOW_MS } = process.env;

const simulator = await startSimulator({
  port: Number(PORT),
  keys: { [UPSTREAM_KEY]: {} },
  limits: { [MODEL]: Number(LIMIT) },
  windowMs: Number(WINDOW_MS),
});

// It remembers its calls, bodies included: two megabytes each.
setInterval(() => simulator.reset(), 200).unref();
