/** An answer that breaks the contract. The reason holds no query, document or key. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

export function insist(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new WrongAnswer(reason);
}

export type Json = Readonly<Record<string, unknown>>;

/** A body that must be a JSON object. */
export const jsonObject = (text: string): Json => {
  const value = parse(text);
  insist(isObject(value), 'the body is no JSON object');
  return value;
};

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
