/** The process of the simulator: tells its address, and the calls it had whenever it is asked for them. */

import { searchUnits } from '../../../simulator/search-units.ts';
import { type Call, type SimulatorOptions, startSimulator } from '../../../simulator/server.ts';
import type { LoggedCall } from '../spending.ts';

/** Without the texts: they are many megabytes, and the replay has them. */
const logged = ({ model = '', status, body, headers }: Call): LoggedCall => {
  const { query = '', documents = [] } = (body ?? {}) as { query?: string; documents?: string[] };
  return {
    model,
    status,
    documents: documents.length,
    searchUnits: status === 200 ? searchUnits(query, documents) : 0,
    traceparent: String(headers.traceparent ?? ''),
  };
};

/** The first message says what to simulate: a command line, which holds no secrets, would show the key to everybody. */
process.once('message', async (options: SimulatorOptions) => {
  const simulator = await startSimulator(options);
  process.on('message', () => process.send!(simulator.calls.map(logged)));
  process.send!({ url: simulator.url });
});
