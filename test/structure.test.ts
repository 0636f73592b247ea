import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = new URL('../src/', import.meta.url).pathname;

/**
 * The rooms of the house in the order in which a request meets them, each with the others it may look into: always rooms
 * that come later.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  tools: ['config', 'endpoints', 'simulator', 'calls'],
  process: [],
  config: [],
  http: ['endpoints', 'json', 'calls'],
  column: ['endpoints', 'cache', 'pacing', 'quota', 'upstream', 'calls'],
  endpoints: ['json', 'calls'],
  cache: ['redis', 'calls'],
  pacing: ['upstream', 'redis', 'calls'],
  quota: ['redis', 'calls'],
  upstream: ['calls'],
  metrics: ['redis', 'calls'],
  redis: ['calls'],
  json: ['calls'],
  calls: [],
  simulator: [],
};

/** Rooms of pure code, which need nothing but the language and its library. */
const WITHOUT_PACKAGES: readonly string[] = ['calls', 'json', 'endpoints'];

/** Most files have fewer than 200: what is longer does more than one thing. */
const MOST_LINES = 250;

/** Everybody else gets what it needs as plain options. */
const READERS_OF_THE_ENVIRONMENT = [
  'main.ts',
  'tools/check-config.ts',
  'tools/replay/main.ts',
  'tools/probe/main.ts',
  'tools/stack/main.ts',
];

const withoutComments = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

/** What a module says it imports or exports from elsewhere, type imports and `import()` included. */
const importsOf = (source: string): string[] => {
  const code = withoutComments(source);
  const statements = /(?:^|[;\s])(?:import|export)\s(?:[^;'"()]*?\sfrom\s*)?['"]([^'"]+)['"]/g;
  const calls = /\bimport\s*\(\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(statements), ...code.matchAll(calls)].map(([, specifier = '']) => specifier);
};

const readsTheEnvironment = (source: string): boolean =>
  /\bprocess\s*(\.\s*env\b|\[)|\benv\b[^;]*(=\s*process\b|from\s*['"](node:)?process['"])/.test(
    withoutComments(source),
  );

/** The room that a file, named by its path inside src, is in; '' at the top. */
const roomOf = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');

/** Why an import is against the rules; undefined when it is not. */
const objection = (file: string, specifier: string): string | undefined => {
  const room = roomOf(file);
  if (room === '') return undefined;
  const line = `src/${file} imports '${specifier}'`;
  if (!specifier.startsWith('.')) {
    if (!WITHOUT_PACKAGES.includes(room) || (specifier.startsWith('node:') && isBuiltin(specifier)))
      return undefined;
    return `${line}: src/${room} imports nothing but itself and node: built-ins`;
  }
  const target = normalize(join(dirname(file), specifier))
    .split(sep)
    .join('/');
  const other = roomOf(target);
  // config.ts is the public face of its room.
  if (other === room || (target === 'config.ts' && ROOMS[room]?.includes('config'))) return undefined;
  if (!target.startsWith('..') && ROOMS[room]?.includes(other)) return undefined;
  const allowed = ['itself', ...(ROOMS[room] ?? []).map((name) => `src/${name}`)].join(', ');
  return `${line}: of the project, src/${room} imports only ${allowed}`;
};

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
  .sort();

describe('the source', () => {
  test('is all there to be looked at', () => {
    expect(FILES).toEqual(expect.arrayContaining(['main.ts', 'scorer.ts', 'rerank/request.ts']));
  });

  test('has no room whose rules nobody wrote down', () => {
    const rooms = new Set(FILES.map(roomOf).filter((room) => room !== ''));
    expect([...rooms].filter((room) => ROOMS[room] === undefined)).toEqual([]);
  });

  test('imports downwards only, and rooms do not look into one another', () => {
    const objections = FILES.flatMap((file) =>
      importsOf(readFileSync(join(SRC, file), 'utf8')).flatMap(
        (specifier) => objection(file, specifier) ?? [],
      ),
    );
    expect(objections).toEqual([]);
  });

  test('is in files of which each can be read at once', () => {
    const lines = (file: string): number => readFileSync(join(SRC, file), 'utf8').split('\n').length - 1;
    expect(FILES.filter((file) => lines(file) > MOST_LINES)).toEqual([]);
  });

  test('reads the environment only where it starts', () => {
    const readers = FILES.filter((file) => readsTheEnvironment(readFileSync(join(SRC, file), 'utf8')));
    expect(readers.filter((file) => !READERS_OF_THE_ENVIRONMENT.includes(file))).toEqual([]);
  });
});

describe('these rules', () => {
  test('see every form of import, and nothing else', () => {
    const source = `import { a } from './a.ts';
      import type { B } from "./b.ts";
      import c, { type C } from './c.ts';
      import * as d from './d.ts';
      import './e.ts';
      import {
        f,
        g,
      } from './f.ts';
      export { h } from './h.ts';
      export * from './i.ts';
      export type { J } from './j.ts';
      const k = await import('./k.ts');
      type L = import('./l.ts').L;
      // import { no } from './comment.ts';
      /* import { no } from './comment.ts'; */
      export const text = 'imported from elsewhere';
      const note = "from './string.ts'";
    `;
    expect(importsOf(source).sort()).toEqual([...'abcdefhijkl'].map((name) => `./${name}.ts`));
  });

  test.each([
    ['rerank/request.ts', './errors.ts'],
    ['rerank/identity.ts', 'node:crypto'],
    ['layers/redis.ts', '../rerank/entry.ts'],
    ['layers/upstream.ts', 'undici'],
    ['replay/target/start.ts', '../../config/values.ts'],
    ['replay/run.ts', '../config.ts'],
    ['server.ts', './layers/redis.ts'],
  ])('let %s import %s', (file, specifier) => {
    expect(objection(file, specifier)).toBeUndefined();
  });

  test.each([
    ['rerank/request.ts', '../layers/memory.ts'],
    ['rerank/request.ts', 'zod'],
    ['rerank/request.ts', 'node:no-such-thing'],
    ['layers/redis.ts', '../http/auth.ts'],
    ['layers/redis.ts', '../config.ts'],
    ['http/rerank.ts', '../layers/memory.ts'],
    ['pacing/pacer.ts', '../layers/pace.ts'],
    ['simulator/server.ts', '../rerank/errors.ts'],
    ['metrics/recorder.ts', '../../test/support/fakes.ts'],
    ['replay/run.ts', '../server.ts'],
    ['attic/old.ts', '../rerank/errors.ts'],
  ])('forbid %s to import %s, and name both', (file, specifier) => {
    expect(objection(file, specifier)).toMatch(`src/${file} imports '${specifier}'`);
  });

  test.each([
    'process.env.PORT',
    'const { env } = process;',
    "import { env } from 'node:process';",
    'process["env"]',
  ])('notice %s', (source) => {
    expect(readsTheEnvironment(source)).toBe(true);
  });
});
