/** Checks the body of a 200: the ranking must be complete and in order. */

import { insist, isObject, type Json } from './wrong.ts';

export interface Question {
  /** The number of documents sent, duplicates included. */
  readonly documents: number;
  readonly topN: number | undefined;
  /** Computes the right score of each document; undefined if it cannot be known. */
  readonly expected: (() => readonly number[]) | undefined;
}

interface Result {
  readonly index: number;
  readonly score: number;
}

/** Checks the results, and the scores bit for bit if they are known. */
export const checkRanking = (body: Json, { documents, topN, expected }: Question): void => {
  insist(typeof body.id === 'string' && body.id !== '', 'id is no text');
  const { results } = body;
  insist(Array.isArray(results), 'results is no list');
  const count = Math.min(topN ?? documents, documents);
  insist(results.length === count, `${results.length} results instead of ${count}`);
  const ranking = results.map((result, place) => read(result, place, documents));
  insist(new Set(ranking.map(({ index }) => index)).size === count, 'an index stands there twice');
  ranking.forEach((result, place) => {
    const before = ranking[place - 1];
    insist(before === undefined || compare(before, result) < 0, `results[${place}] is out of order`);
  });
  if (expected) compareWith(expected(), ranking);
};

const read = (result: unknown, place: number, documents: number): Result => {
  const where = `results[${place}]`;
  insist(isObject(result), `${where} is no object`);
  const { index, relevance_score: score, ...rest } = result;
  insist(
    Number.isInteger(index) && (index as number) >= 0 && (index as number) < documents,
    `${where}.index`,
  );
  insist(Number.isFinite(score), `${where}.relevance_score is no finite number`);
  insist(Object.keys(rest).length === 0, `${where} has a field that was not asked for`);
  return { index: index as number, score: score as number };
};

/** Highest score first, ties by index. */
const compare = (a: Result, b: Result): number => b.score - a.score || a.index - b.index;

const compareWith = (expected: readonly number[], ranking: readonly Result[]): void => {
  const right = expected.map((score, index) => ({ index, score })).sort(compare);
  ranking.forEach(({ index, score }, place) => {
    insist(Object.is(score, expected[index]), `results[${place}] has a score of another pair`);
    insist(right[place]!.index === index, `results[${place}] is not what ranks there`);
  });
};

/** Checks `meta`. @returns the search units that this answer is billed */
export const checkMeta = (body: Json): number => {
  const { meta } = body;
  insist(isObject(meta), 'meta is no object');
  const { api_version: version, billed_units: billed } = meta;
  insist(
    isObject(version) && version.version === '2' && version.is_experimental === false,
    'meta.api_version is wrong',
  );
  const units = isObject(billed) ? billed.search_units : undefined;
  insist(Number.isFinite(units) && (units as number) >= 0, 'meta.billed_units.search_units is no number');
  return units as number;
};
