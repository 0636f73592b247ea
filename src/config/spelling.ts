/** Warns of variables whose names nearly match ours: a misspelt one would be ignored silently. */

import type { Report } from './problems.ts';
import type { Environment } from './text.ts';

/** The shortest name that is checked: too many other names differ from PORT, HOST or DYNO in one letter. */
const SHORTEST = 6;

/** The most typing errors: letters left out, added, changed or swapped with their neighbour. */
const MOST_SLIPS = 2;

const UNIT = /_(MS|SECS?|SECONDS?|MINUTES?|HOURS?|BYTES|[KMG]B)$/;

/** @param known every variable that means something here */
export function warnOfMisspelt(env: Environment, known: ReadonlySet<string>, warn: Report): void {
  for (const name of Object.keys(env)) {
    if (known.has(name) || name.length < SHORTEST || name.length > 60) continue;
    const meant = [...known].find(
      (other) => other.length >= SHORTEST && resembles(name.toUpperCase(), other),
    );
    if (meant) warn(name, `is ignored: there is no such variable, but ${meant}`);
  }
}

const resembles = (name: string, known: string): boolean =>
  name.replace(UNIT, '') === known.replace(UNIT, '') ||
  (Math.abs(name.length - known.length) <= MOST_SLIPS && slips(name, known) <= MOST_SLIPS);

/** The Damerau–Levenshtein distance (optimal string alignment). */
const slips = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + (same ? 0 : 1),
        swapped ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
};
