import { isServed, servedNames } from './models.ts';
import { aNumber, fraction, parts, plainNumber, whole } from './text.ts';

/** The options that may follow a key in GATEWAY_KEYS. */
export interface ClientOptions {
  readonly rpm?: number;
  readonly weight?: number;
  readonly models?: readonly string[];
  readonly admin?: true;
}

type Models = ReadonlyMap<string, number>;

interface Rule {
  /** Undefined = the value breaks the rule. */
  read(value: string | undefined, models: Models): unknown;
  must(models: Models): string;
}

const RPM = whole(1, 1_000_000);
const WEIGHT = fraction(0.001, 1000);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['rpm', { read: (value = '') => plainNumber(value, RPM), must: () => aNumber(RPM) }],
  ['weight', { read: (value = '') => plainNumber(value, WEIGHT), must: () => aNumber(WEIGHT) }],
  [
    'models',
    {
      // Sorted, so that the same models in another order are the same option.
      read: (value = '', models) => {
        const names = [...new Set(parts(value, '|'))].sort();
        return names.every((name) => name && isServed(models, name)) ? names : undefined;
      },
      must: (models) => `models served, joined by | (${servedNames(models)})`,
    },
  ],
  ['admin', { read: (value) => (value === undefined ? true : undefined), must: () => 'without a value' }],
]);

const KNOWN = [...RULES.keys()].join(', ');

/** Whether a key looks like an option: options that are joined by a comma would become keys that are easy to guess. */
export const looksLikeOption = (text: string): boolean => RULES.has(text.split('=', 1)[0] ?? '');

/** Whether a name may be shown: after a wrong separator a key may stand in its place, but this is too short and plain for one. */
const harmless = (name: string): boolean => /^[a-z_]{1,12}$/.test(name);

/** The options of one entry. Each wrong one is reported and left out. */
export function readOptions(
  texts: readonly string[],
  models: Models,
  complain: (message: string) => void,
): ClientOptions {
  const options = new Map<string, unknown>();
  for (const [index, text] of texts.entries()) {
    const [name = '', ...rest] = text.split('=').map((part) => part.trim());
    const rule = RULES.get(name);
    const value = rest.length > 0 ? rest.join('=') : undefined;
    const read = rule?.read(value, models);
    if (!rule) {
      const shown = harmless(name) ? `"${name}"` : `number ${index + 1}`;
      complain(`option ${shown} is unknown, known are ${KNOWN}`);
    } else if (read === undefined) complain(`option "${name}" must be ${rule.must(models)}`);
    else if (conflicts(options.get(name), read)) complain(`option "${name}" has two different values`);
    else options.set(name, read);
  }
  return Object.fromEntries(options);
}

/** Whether an option was given before with another value. */
export const conflicts = (before: unknown, now: unknown): boolean =>
  before !== undefined && now !== undefined && String(before) !== String(now);
