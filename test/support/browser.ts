/** A real browser that knows no other host than this machine, and what it thinks of a page. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** The `chromium` on PATH, which the test command brings. */
const executableOf = (): string => {
  const found = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  return found.find((path) => existsSync(path)) ?? 'chromium';
};

export interface Browser extends AsyncDisposable {
  open(url: string): Promise<Tab>;
}

export interface Tab {
  readonly page: Page;
  /** What was asked for elsewhere than at the page's origin. */
  readonly strangers: readonly string[];
  /** What the page wrote as an error or a warning, or threw. */
  readonly complaints: readonly string[];
  /** Each breach of the page's Content-Security-Policy. */
  breaches(): Promise<string[]>;
  /** Each rule of axe-core that the page as it stands breaks, and where. */
  barriers(): Promise<string[]>;
  /** Pixels by which it is wider than its window. */
  overflow(): Promise<number>;
}

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }>;
}

const open = async (page: Page, url: string): Promise<Tab> => {
  const { origin } = new URL(url);
  const strangers: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${origin}/`) && !asked.startsWith('data:')) strangers.push(asked);
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.addInitScript(`
    globalThis.breaches = [];
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      globalThis.breaches.push(violatedDirective + ' ' + blockedURI));
  `);
  await page.goto(url);
  await page.evaluate(AXE);
  return {
    page,
    strangers,
    complaints,
    breaches: () => page.evaluate('globalThis.breaches'),
    async barriers() {
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
      return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
    },
    overflow: () => page.evaluate('document.documentElement.scrollWidth - innerWidth'),
  };
};

export const startBrowser = async (): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), 'browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executableOf(),
    args: FLAGS,
  });
  return {
    open: async (url) => open(await context.newPage(), url),
    async [Symbol.asyncDispose]() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
