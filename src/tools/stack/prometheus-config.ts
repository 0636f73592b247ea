/** The deployed Prometheus configuration → the same for a fleet on this machine. Pure. */

import { isAbsolute, join } from 'node:path';
import { parse, stringify } from 'yaml';

export interface LocalFleet {
  /** Base URL of one gateway, which answers with the metrics of all: scraping two would count everything twice. */
  readonly url: string;
  /** The file with the token for their metrics. */
  readonly tokenFile: string;
  /** The folder of the deployed configuration, to which the paths in it are relative. */
  readonly folder: string;
}

interface Config {
  global?: Record<string, unknown>;
  rule_files?: string[];
  scrape_configs: Record<string, unknown>[];
}

/** Short, since the user is watching, and the windows of recording rules need several scrapes. */
const INTERVAL = '5s';

/** Changes only the target, the token and the interval of the scrapes. */
export const localConfig = (deployed: string, { url, tokenFile, folder }: LocalFleet): string => {
  const config = parse(deployed) as Config;
  const local = {
    ...config,
    global: { ...config.global, scrape_interval: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: config.rule_files?.map((path) => (isAbsolute(path) ? path : join(folder, path))),
    scrape_configs: config.scrape_configs.map((scrape) => ({
      ...scrape,
      scheme: 'http',
      authorization: { type: 'Bearer', credentials_file: tokenFile },
      static_configs: [{ targets: [new URL(url).host] }],
    })),
  };
  return stringify(local);
};
