/** `npm run replay`: recorded requests through the gateway, checked and counted. */

import { command } from '../command.ts';
import { run } from './run.ts';

await command('replay', run);
