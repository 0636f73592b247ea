/** The Prometheus configuration that is deployed → the same for a fleet on this machine. Pure. */

import { isAbsolute, join } from 'node:path';
import { parse, stringify } from 'yaml';

export interface LocalFleet {
  /** Base URL of the gateway that answers for all of them, as any does: to scrape two would count everything twice. */
  readonly url: string;
  /** Holds the token for their metrics. */
  readonly tokenFile: string;
  /** Where the deployed configuration lies, for the paths in it. */
  readonly folder: string;
}

interface Config {
  global?: Record<string, unknown>;
  rule_files?: string[];
  scrape_configs: Record<string, unknown>[];
}

/** Somebody is watching, who wants to see something move. Recording rules have windows that need several scrapes. */
const INTERVAL = '5s';

/** Only where to scrape, with what token, and how often is changed. */
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
