import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draw, FOLDER, PICTURES } from './pictures.ts';
import { PATIENCE } from './tabs.ts';

/** What a PNG says of itself (https://www.w3.org/TR/png-3/#11IHDR). */
const sizeOf = (path: string): { width: number; height: number } => {
  const bytes = readFileSync(path);
  expect(bytes.toString('latin1', 1, 4)).toBe('PNG');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
};

let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'pictures-'));
  await draw(scratch, 3);
}, PATIENCE);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('there are pictures of all that is to be drawn, and no others', () => {
  const names = Object.keys(PICTURES).map((name) => `${name}.png`);
  expect(readdirSync(scratch).sort()).toEqual(names.sort());
  expect(readdirSync(FOLDER).sort()).toEqual(names);
});

test.each(Object.entries(PICTURES))(
  '%s is as wide as it should be, and as high as it was',
  (name, { width }) => {
    const [drawn, kept] = [scratch, FOLDER].map((folder) => sizeOf(join(folder, `${name}.png`)));
    expect([drawn!.width, kept!.width]).toEqual([width, width]);
    // Fonts differ by machine, and so does where lines end.
    expect(drawn!.height / kept!.height).toBeGreaterThan(0.85);
    expect(drawn!.height / kept!.height).toBeLessThan(1.15);
  },
);
