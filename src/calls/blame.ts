/** Which part of a request the firewall in front of the upstream refuses, and the error that says so. */

import { RerankError } from './errors.ts';

/**
 * `request`: the part is unknown, since values depend on all items together. `places` are indices of a call's items.
 * `suspects` were refused only as members of a group, and were too many to be tried one by one.
 */
export type Blame =
  | { readonly of: 'query' }
  | { readonly of: 'request' }
  | { readonly of: 'items'; readonly places: readonly number[]; readonly suspects: readonly number[] };

/** Names no field: only the code that has parsed the request knows what the caller calls an item. */
export class Blamed extends RerankError {
  readonly blame: Blame;
  /** What finding this out has cost upstream. */
  readonly spent: number;

  constructor(blame: Blame, spent = 0) {
    super('firewall_refused');
    this.blame = blame;
    this.spent = spent;
  }
}

/** Items that an error lists by name; the others are only counted. */
const MOST_NAMED = 10;

const FIREWALL = 'refused by the firewall in front of the upstream';

/**
 * The error that the caller reads.
 * @param field the caller's name for the items, like `documents`
 * @param indexOf the first index of a call's item in the caller's own list
 */
export const named = ({ blame }: Blamed, field: string, indexOf: (place: number) => number): RerankError => {
  if (blame.of === 'query') return refused('query', `\`query\` is ${FIREWALL}.`);
  if (blame.of === 'request') {
    return refused(
      field,
      `The query or one of \`${field}\` is ${FIREWALL}. This model scores all of a request together, so it ` +
        'cannot be found out which.',
    );
  }
  const names = blame.places.map((place) => `${field}[${indexOf(place)}]`);
  if (names.length === 0) {
    return refused(field, `Many of \`${field}\` are ${FIREWALL}, too many to be found one by one.`);
  }
  const more = names.length - MOST_NAMED;
  const listed = names.slice(0, MOST_NAMED).map((name) => `\`${name}\``);
  const list = [...listed, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const rest = blame.suspects.length > 0 ? ' There are others, too many to be found one by one.' : '';
  return refused(names[0]!, `${list} ${names.length === 1 ? 'is' : 'are'} ${FIREWALL}.${rest}`);
};

const refused = (param: string, message: string): RerankError =>
  new RerankError('firewall_refused', message, { param });
