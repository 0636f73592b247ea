import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = new URL('../src/', import.meta.url).pathname;

/**
 * The rooms of the house, named in the order in which a request meets them, each with the others it may look into: rooms
 * that come later, and nothing else.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  tools: ['config', 'endpoints', 'upstream', 'redis', 'simulator', 'calls'],
  process: [],
  config: ['redis', 'calls'],
  front: ['http', 'calls'],
  openapi: ['http', 'endpoints', 'calls'],
  console: ['http', 'pacing', 'metrics', 'calls'],
  http: ['endpoints', 'json', 'calls'],
  endpoints: ['json', 'calls'],
  column: ['cache', 'pacing', 'quota', 'upstream', 'calls'],
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
  'tools/command.ts',
  'tools/probe/main.ts',
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
  if (other === room) return undefined;
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
    expect(FILES).toEqual(
      expect.arrayContaining(['main.ts', 'column/column.ts', 'endpoints/rerank/request.ts']),
    );
  });

  test('has no room whose rules nobody wrote down', () => {
    const rooms = new Set(FILES.map(roomOf).filter((room) => room !== ''));
    expect([...rooms].filter((room) => ROOMS[room] === undefined)).toEqual([]);
  });

  test('has no room that looks into one that a request has met before', () => {
    const rooms = Object.keys(ROOMS);
    const upwards = rooms.flatMap((room, i) =>
      ROOMS[room]!.filter((other) => rooms.indexOf(other) <= i).map((other) => `${room} sees ${other}`),
    );
    expect(upwards).toEqual([]);
  });

  test('has at its top what puts the rooms together, and no more', () => {
    expect(FILES.filter((file) => roomOf(file) === '')).toEqual([
      'app.ts',
      'assembly.ts',
      'log.ts',
      'main.ts',
      'server.ts',
    ]);
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
    ['calls/call.ts', './errors.ts'],
    ['calls/identity.ts', 'node:crypto'],
    ['column/redis.ts', '../cache/stores.ts'],
    ['upstream/upstream.ts', 'undici'],
    ['tools/replay/target/start.ts', '../../../config/values.ts'],
    ['server.ts', './column/redis.ts'],
  ])('let %s import %s', (file, specifier) => {
    expect(objection(file, specifier)).toBeUndefined();
  });

  test.each([
    ['calls/call.ts', '../column/memory.ts'],
    ['calls/call.ts', 'zod'],
    ['calls/call.ts', 'node:no-such-thing'],
    ['column/redis.ts', '../http/auth.ts'],
    ['column/redis.ts', '../config/config.ts'],
    ['column/redis.ts', '../endpoints/rerank/wire.ts'],
    ['http/answer.ts', '../column/memory.ts'],
    ['pacing/pacer.ts', '../column/pace.ts'],
    ['simulator/server.ts', '../calls/errors.ts'],
    ['metrics/recorder.ts', '../../test/support/fakes.ts'],
    ['tools/replay/run.ts', '../../server.ts'],
    ['attic/old.ts', '../calls/errors.ts'],
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
