/** Whose fault it is that the firewall in front of the upstream refuses a request, and how that is said. */

import { RerankError } from './errors.ts';

/**
 * `request`: it can't be told, since values depend on all items together. Places are those of a call's items;
 * `suspects` are refused only together with others, and were too many to be tried one by one.
 */
export type Blame =
  | { readonly of: 'query' }
  | { readonly of: 'request' }
  | { readonly of: 'items'; readonly places: readonly number[]; readonly suspects: readonly number[] };

/** Names no field: what a place is to the caller, only the one who has read his request knows. */
export class Blamed extends RerankError {
  readonly blame: Blame;
  /** What it cost upstream to find that out. */
  readonly spent: number;

  constructor(blame: Blame, spent = 0) {
    super('firewall_refused');
    this.blame = blame;
    this.spent = spent;
  }
}

/** Items named one by one; beyond that they are counted. */
const MOST_NAMED = 10;

const FIREWALL = 'refused by the firewall in front of the upstream';

/**
 * The error as its caller reads it.
 * @param field what the caller calls the items, like `documents`
 * @param indexOf where an item of the call stands first in the caller's own list
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
