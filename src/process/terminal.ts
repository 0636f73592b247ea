/** Log lines for people at a terminal, who need neither JSON nor the name of the machine that they sit at. */

/** Fields that say in each line the same, or stand at its beginning. */
const ELSEWHERE: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'dyno', 'release']);

/** A value with spaces, or with several parts, is easier to read on a line of its own. */
const MOST_INLINE = 40;

/** @param line JSON, with its newline; any other line is returned as it is */
export const forPeople = (line: string): string => {
  const fields = parsed(line);
  if (fields === undefined) return line;
  const { level = '', time = '', msg = '' } = fields;
  const shown = Object.entries(fields).flatMap(([name, value]) => {
    const text = ELSEWHERE.has(name) || value === null ? '' : shownValue(value);
    return text === '' ? [] : [{ name: plain(name), text, isLong: isLong(value, text) }];
  });
  const [long, short] = [shown.filter(({ isLong }) => isLong), shown.filter(({ isLong }) => !isLong)];
  const head = [
    ...(time === '' ? [] : [String(time).slice(11, 19)]),
    String(level).padEnd(5),
    [plain(String(msg)), ...short.map(({ name, text }) => `${name}=${text}`)].join('  '),
  ];
  const width = Math.max(...long.map(({ name }) => name.length));
  return [head.join(' '), ...long.map(({ name, text }) => `    ${name.padEnd(width)}  ${text}`), ''].join(
    '\n',
  );
};

const parsed = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};

const shownValue = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(shownValue).join(', ');
  if (typeof value !== 'object' || value === null) return plain(String(value));
  return Object.entries(value)
    .map(([name, part]) => `${plain(name)}=${shownValue(part)}`)
    .join(', ');
};

const isLong = (value: unknown, text: string): boolean =>
  typeof value === 'object' || text.length > MOST_INLINE || /\s/.test(text);

/** A terminal obeys control characters, and what a caller sends must not command it. */
const plain = (text: string): string => text.replace(/\p{Cc}/gu, '?');
