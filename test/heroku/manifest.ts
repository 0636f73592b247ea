/** What Heroku reads of the project, and what it makes of it. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ROOT } from '../support/clean-copy.ts';

interface Variable {
  readonly value?: string;
  readonly generator?: 'secret';
}

interface Environment {
  readonly formation: Readonly<Record<string, { readonly quantity: number; readonly size: string }>>;
  readonly addons: readonly { readonly plan: string; readonly as?: string }[];
  readonly env: Readonly<Record<string, Variable>>;
}

export interface Manifest extends Environment {
  readonly success_url: string;
  readonly stack: string;
  readonly buildpacks: readonly { readonly url: string }[];
  readonly environments: { readonly review: Environment };
}

export const readText = (path: string): string => readFileSync(new URL(path, `file://${ROOT}`), 'utf8');

export const MANIFEST = JSON.parse(readText('app.json')) as Manifest;

/** The command of every process type. */
export const PROCFILE: Readonly<Record<string, string>> = Object.fromEntries(
  readText('Procfile')
    .trim()
    .split('\n')
    .map((line) => line.split(/:\s*(.*)/s) as [string, string]),
);

/** The config vars of a new app; the generator makes secrets of 64 hex digits. */
export const configVars = ({ env }: Pick<Environment, 'env'>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([name, { value, generator }]) => [
      name,
      generator === 'secret' ? randomBytes(32).toString('hex') : value!,
    ]),
  );
