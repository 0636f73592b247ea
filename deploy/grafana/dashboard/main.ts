/** `npm run dashboard`: writes the dashboard that Grafana loads. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dashboardText } from './dashboard.ts';

writeFileSync(fileURLToPath(new URL('../rerank-gateway.json', import.meta.url)), dashboardText());
