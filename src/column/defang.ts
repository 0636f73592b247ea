/**
 * Scores what the firewall refuses without its URL schemes and markup. Such a text is a document of its own, with its own
 * place in the caches: its score is never taken for the score of what was sent.
 */

import { hash } from 'node:crypto';
import { Blamed } from '../calls/blame.ts';
import { Digests } from '../calls/digests.ts';
import { setOf } from '../calls/identity.ts';
import { partOf } from '../calls/parts.ts';
import type { Ask, Layer, Scores } from '../calls/scoring.ts';
import { defang } from '../endpoints/rerank/defang.ts';
import { distinct } from '../endpoints/rerank/ranking.ts';

export const defanged = (): Layer => (inner) => {
  /**
   * @param places documents that were found to be refused so far; each time there are more, until none is left
   * @param spent search units that finding them has cost
   */
  const score = async (ask: Ask, places: ReadonlySet<number>, spent: number): Promise<Scores> => {
    const texts = ask.documents.map((text, place) => (places.has(place) ? defang(text) : text));
    const empty = [...places].filter((place) => texts[place] === '');
    if (empty.length > 0) throw new Blamed({ of: 'documents', places: empty, suspects: [] });
    const { documents, positions } = distinct(texts);
    try {
      const scores = await inner.score({ ...ask, documents, identity: identityOf(ask, documents) });
      return { ...partOf(scores, [...positions], spent + scores.searchUnits), defanged: [...places] };
    } catch (thrown) {
      if (!(thrown instanceof Blamed)) throw thrown;
      const blamed = new Set(blamedPlaces(thrown, ask, positions));
      const more = [...blamed].filter((place) => !places.has(place));
      if (more.length === 0) throw renamed(thrown, blamed);
      return score(ask, new Set([...places, ...more]), spent + thrown.searchUnits);
    }
  };
  return {
    score: (ask) =>
      inner.score(ask).catch((thrown) => {
        if (!(thrown instanceof Blamed) || thrown.blame.of === 'query') throw thrown;
        const places = blamedPlaces(thrown, ask, Uint16Array.from(ask.documents.keys()));
        if (places.length === 0) throw thrown;
        return score(ask, new Set(places), thrown.searchUnits);
      }),
  };
};

/** Of the documents that an ask was sent with. Where it can't be told which, all that would be changed. */
const blamedPlaces = ({ blame }: Blamed, ask: Ask, positions: Uint16Array): number[] => {
  const all = [...ask.documents.keys()];
  if (blame.of === 'query') return [];
  if (blame.of === 'request')
    return all.filter((place) => defang(ask.documents[place]!) !== ask.documents[place]);
  const blamed = new Set([...blame.places, ...blame.suspects]);
  return all.filter((place) => blamed.has(positions[place]!));
};

const renamed = (thrown: Blamed, places: ReadonlySet<number>): Blamed =>
  thrown.blame.of === 'documents'
    ? new Blamed({ of: 'documents', places: [...places], suspects: [] })
    : thrown;

/** Where the set of documents is part of the question, another set is another question. */
const identityOf = ({ identity }: Ask, documents: readonly string[]): Ask['identity'] => {
  const digests = Digests.of(documents);
  if (!identity.whole) return { ...identity, digests };
  const question = hash('sha256', `${identity.question} ${setOf(digests)}`, 'base64url').slice(0, 22);
  return { ...identity, digests, question };
};
