/** `npm run stack`: a whole fleet on this machine, with load to look at. */

import { command } from '../command.ts';
import { run } from './run.ts';

await command('stack', run);
