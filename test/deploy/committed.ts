/** What deploy/prometheus holds, as tests look at it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
export const PROMETHEUS = join(DEPLOY, 'prometheus');

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly (Alert | Recording)[] }[];
}

export const yamlFilesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) => join(folder, name));

export const readYaml = <T>(path: string): T => parse(readFileSync(path, 'utf8')) as T;

const RULES = yamlFilesIn(join(PROMETHEUS, 'rules')).flatMap((path) =>
  readYaml<RuleFile>(path).groups.flatMap(({ rules }) => rules),
);

export const ALERTS = RULES.filter((rule): rule is Alert => 'alert' in rule);
export const RECORDINGS = RULES.filter((rule): rule is Recording => 'record' in rule);
