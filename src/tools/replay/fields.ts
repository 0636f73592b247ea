/** The kinds of field that a corpus line has. */

export type Fields = Readonly<Record<string, unknown>>;
export type Complain = (field: string, rule: string) => never;

export const aText = (fields: Fields, field: string, complain: Complain): string => {
  const value = fields[field];
  return typeof value === 'string' && value !== '' ? value : complain(field, 'must be a non-empty string');
};

/** The name of a service, as GATEWAY_KEYS takes it. */
export const name = (fields: Fields, field: string, complain: Complain): string => {
  const value = aText(fields, field, complain);
  if (value === 'other' || !/^[A-Za-z0-9_-]{1,64}$/.test(value)) {
    complain(field, 'must have 1 to 64 letters, digits, _ or -, and not be "other"');
  }
  return value;
};

export const milliseconds = (fields: Fields, field: string, complain: Complain): number => {
  const value = fields[field];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? value
    : complain(field, 'must be a number of milliseconds from 0');
};

export const optionalCount = (fields: Fields, field: string, complain: Complain): number | undefined => {
  const value = fields[field] ?? undefined;
  if (value === undefined) return undefined;
  return Number.isInteger(value) && (value as number) >= 1
    ? (value as number)
    : complain(field, 'must be an integer from 1');
};

export const idList = (fields: Fields, field: string, most: number, complain: Complain): string[] => {
  const value = fields[field];
  if (!Array.isArray(value) || value.length < 1 || value.length > most) {
    return complain(field, `must be a list of 1 to ${most} ids`);
  }
  const odd = value.findIndex((id) => typeof id !== 'string');
  return odd < 0 ? value : complain(`${field}[${odd}]`, 'must be a string');
};
