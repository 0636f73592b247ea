/** Run by life.test.ts as a process of its own: closes a simulator while calls hang, trickle and wait. */
import { startSimulator } from '../../src/simulator/server.ts';

const simulator = await startSimulator({ keys: { key: {} }, limits: { model: 10 } });
const call = () =>
  fetch(`${simulator.url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: 'Bearer key' },
    body: JSON.stringify({ model: 'model', query: 'query', documents: ['document'] }),
  });

const arrivals = async (count: number) => {
  while (simulator.calls.filter(({ body }) => body !== undefined).length < count) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

simulator.fault({ kind: 'slow-body', bytesPerSecond: 1 });
const trickling = (await call()).text().catch(() => {});
simulator.fault({ kind: 'hang' });
const hanging = call().catch(() => {});
await arrivals(2);
simulator.latency([600_000, 600_000]);
const waiting = call().catch(() => {});
await arrivals(3);
await simulator.close();
await Promise.all([trickling, hanging, waiting]);
