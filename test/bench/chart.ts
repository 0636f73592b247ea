/** `npm run bench:chart -- FILE.json CHART.svg`: draws what `npm run bench -- --json FILE.json` has measured. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Speed } from './speed.ts';

interface Bar {
  readonly label: string;
  readonly value: number;
}

const WIDTH = 760;
const LABEL = 210;
const BAR = 14;
const GAP = 6;
const TITLE = 34;
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';

const OTHERS = /^(?:bare|easy|nginx)/;

/** Ours are told from what they are held against. */
const colourOf = (label: string): string => (OTHERS.test(label) ? '#9aa5b1' : '#5b4fc7');

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const most = (bars: readonly Bar[]): number => Math.max(1, ...bars.map(({ value }) => value));

const drawn = (bars: readonly Bar[], top: number, scale: number): string =>
  bars
    .map(({ label, value }, i) => {
      const y = top + i * (BAR + GAP);
      const width = (value / scale) * (WIDTH - LABEL - 60);
      return (
        `<text x="${LABEL - 8}" y="${y + BAR - 3}" text-anchor="end" ${FONT}>${escaped(label)}</text>` +
        `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colourOf(label)}"/>` +
        `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + BAR - 3}" ${FONT}>${value.toFixed(2)}</text>`
      );
    })
    .join('\n');

/** Hits of each size, requests/s as a share of the bare server's that makes a SHA-256; the line is that server. */
export const chartOf = ({ hits, node, cpus }: Speed): string => {
  const sizes = [...new Set(hits.map(({ size }) => size))];
  const parts: string[] = [];
  let top = 30;
  for (const size of sizes) {
    const bars = hits
      .filter((row) => row.size === size)
      .map(({ contestant, ratio }) => ({ label: contestant, value: ratio }));
    const scale = most(bars);
    const height = bars.length * (BAR + GAP);
    const line = LABEL + (WIDTH - LABEL - 60) / scale;
    parts.push(
      `<text x="8" y="${top + 18}" ${FONT} font-weight="bold">${escaped(size)}</text>`,
      drawn(bars, top + TITLE, scale),
      `<line x1="${line.toFixed(1)}" x2="${line.toFixed(1)}" y1="${top + TITLE - 4}" y2="${top + TITLE + height}" stroke="#444" stroke-dasharray="3 3"/>`,
    );
    top += TITLE + height + 8;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 10}" width="${WIDTH}" height="${top + 10}">\n` +
    `<title>Hits of the gateway beside bare servers</title>\n<rect width="100%" height="100%" fill="#fff"/>\n` +
    `<text x="8" y="20" ${FONT} font-weight="bold">Hits: requests/s ÷ a bare server’s that makes a SHA-256 (Node ${escaped(node)}, ${cpus} CPUs)</text>\n` +
    `${parts.join('\n')}\n</svg>\n`
  );
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined) {
    console.error('npm run bench:chart -- FILE.json CHART.svg');
    process.exit(2);
  }
  writeFileSync(to, chartOf(JSON.parse(readFileSync(from, 'utf8')) as Speed));
}
