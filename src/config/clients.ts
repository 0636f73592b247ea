import { hash } from 'node:crypto';
import { type ClientOptions, conflicts, looksLikeOption, readOptions } from './client-options.ts';
import { complainAbout, type Report } from './problems.ts';
import { type Environment, entries, MAX_SECRET_LENGTH, VISIBLE_ASCII } from './text.ts';
import type { Client } from './types.ts';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const MIN_KEY_LENGTH = 16;
/** Every client is a label value of many series. */
const MOST_KEYS = 500;

export interface ClientRules {
  readonly models: ReadonlyMap<string, number>;
  /** Secrets for other purposes, and the variable that holds each. */
  readonly taken: ReadonlyMap<string, string>;
}

/** What is wrong with the name of an entry. The name itself isn't shown: in an entry `KEY:name` it is the key. */
function nameProblem(name: string): string | undefined {
  if (!NAME.test(name)) {
    return 'the name before the : must have 1 to 64 letters, digits, _ or - (a key without a name may not hold a :)';
  }
  return name === 'other' ? 'the name "other" is taken, for unknown clients in metrics' : undefined;
}

/** A key that is given by its digest, so that readers of the configuration cannot use it. */
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The digest of a key, by which keys are compared in whichever form they are given. @see DIGEST */
export const digestOf = (key: string): string => (DIGEST.test(key) ? key : `sha256:${hash('sha256', key)}`);

function keyProblem(key: string, { models, taken }: ClientRules): string | undefined {
  if (/^sha256:/i.test(key) && !DIGEST.test(key)) {
    return 'a digest is sha256: and 64 digits and letters from a to f, as `npm run key` makes it';
  }
  if (key.length < MIN_KEY_LENGTH || key.length > MAX_SECRET_LENGTH || !VISIBLE_ASCII.test(key)) {
    return `the key must have at least ${MIN_KEY_LENGTH} and at most ${MAX_SECRET_LENGTH} characters of visible ASCII, without , and ;`;
  }
  if (models.has(key) || looksLikeOption(key)) {
    return 'this is no key: options are joined by ; and models by |, a comma begins the next key';
  }
  const digest = digestOf(key);
  const [, holder] = [...taken].find(([secret]) => digestOf(secret) === digest) ?? [];
  return holder && `the key is the value of ${holder}, which no service may know`;
}

interface Draft {
  /** Each key, and the number of the entry it came from. */
  readonly keys: Set<string>;
  options: ClientOptions;
}

/**
 * The clients of GATEWAY_KEYS: `name:KEY;option;option`, or a bare `KEY` for the client "default", joined by commas. Instead
 * of a key, its digest may be given: `sha256:HEX`.
 * Entries with the same name are one client, with all their keys and options.
 */
export function readClients(env: Environment, rules: ClientRules, report: Report): Client[] {
  const drafts = new Map<string, Draft>();
  const owners = new Map<string, string>();
  const list = entries(env.GATEWAY_KEYS ?? '');
  if (env.GATEWAY_KEYS && list.length === 0) report('GATEWAY_KEYS', 'holds no key');
  if (list.length > MOST_KEYS) report('GATEWAY_KEYS', `may hold ${MOST_KEYS} keys at most`);
  for (const [index, text] of list.slice(0, MOST_KEYS).entries()) {
    const complain = (message: string) =>
      complainAbout(report, 'GATEWAY_KEYS')(`entry ${index + 1}: ${message}`);
    const [identity = '', ...optionTexts] = entries(text, ';');
    // A digest contains a colon.
    const colon = DIGEST.test(identity) ? -1 : identity.indexOf(':');
    const name = colon < 0 ? 'default' : identity.slice(0, colon).trim();
    const key = identity.slice(colon + 1).trim();
    const options = readOptions(optionTexts, rules.models, complain);
    const broken = [nameProblem(name), keyProblem(key, rules)].filter((problem) => problem !== undefined);
    broken.forEach(complain);
    if (broken.length > 0) continue;

    const owner = owners.get(digestOf(key)) ?? name;
    if (owner !== name) complain('the key already belongs to another name');
    owners.set(digestOf(key), owner);
    const draft = drafts.get(name) ?? { keys: new Set(), options: {} };
    for (const option of Object.keys(options) as (keyof ClientOptions)[]) {
      if (conflicts(draft.options[option], options[option])) {
        complain(`option "${option}" differs from an earlier entry of the same name`);
      }
    }
    draft.keys.add(key);
    draft.options = { ...draft.options, ...options };
    drafts.set(name, draft);
  }
  return [...drafts].map(([name, { keys, options }]) => ({
    name,
    keys: [...keys],
    weight: options.weight ?? 1,
    rpm: options.rpm,
    models: options.models,
    admin: options.admin ?? false,
  }));
}
