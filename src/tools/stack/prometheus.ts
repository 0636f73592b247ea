/** A Prometheus that scrapes the fleet, with the rules and alerts that are deployed. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { startProgram } from './program.ts';
import { localConfig } from './prometheus-config.ts';
import { freePort, untilReady } from './ready.ts';
import type { ProgramOptions } from './redis.ts';

export interface PrometheusOptions extends ProgramOptions {
  /** Base URL of a gateway, which answers with the metrics of all. */
  readonly gatewayUrl: string;
  readonly metricsToken: string;
}

const DEPLOYED = fileURLToPath(new URL('../../../deploy/prometheus', import.meta.url));

/** Preferred, so that a Grafana that was connected to an earlier stack finds this one, too. */
const USUAL_PORT = 9090;

/** @returns its URL */
export const startPrometheus = async (options: PrometheusOptions): Promise<string> => {
  const { command, folder, gatewayUrl, metricsToken, onStart } = options;
  const tokenFile = join(folder, 'token');
  const configFile = join(folder, 'prometheus.yml');
  await writeFile(tokenFile, metricsToken, { mode: 0o600 });
  const deployed = await readFile(join(DEPLOYED, 'prometheus.yml'), 'utf8');
  await writeFile(configFile, localConfig(deployed, { url: gatewayUrl, tokenFile, folder: DEPLOYED }));

  const port = await freePort(USUAL_PORT);
  const url = `http://127.0.0.1:${port}`;
  const storage = ['--storage.tsdb.path', join(folder, 'data'), '--storage.tsdb.retention.time', '1d'];
  const args = ['--config.file', configFile, ...storage, '--web.listen-address', `127.0.0.1:${port}`];
  const child = startProgram(command, args, folder);
  onStart(child);
  await untilReady('Prometheus', child, async () => {
    const { statusCode, body } = await request(`${url}/-/ready`);
    await body.dump();
    return statusCode === 200;
  });
  return url;
};
