/** The simulator's process: sends its address, and its calls whenever they are requested. */

import { searchUnits } from '../../../simulator/search-units.ts';
import { type Call, type SimulatorOptions, startSimulator } from '../../../simulator/server.ts';
import type { LoggedCall } from '../spending.ts';

/** Without the texts, which are many megabytes, and which the replay has. */
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

/** The first message holds the options, which include a key: a command line would show it to other users. */
process.once('message', async (options: SimulatorOptions) => {
  const simulator = await startSimulator(options);
  process.on('message', () => process.send!(simulator.calls.map(logged)));
  process.send!({ url: simulator.url });
});
