/**
 * `npm run check-config`, `key`, `probe`, `replay` and `stack`. Runs a program of this folder from its source, where what compiles
 * it is installed; else, as in the app that Heroku has built and stripped of development dependencies, what was compiled.
 */

import { readFileSync } from 'node:fs';

const PROGRAMS = {
  'check-config': { path: 'check-config', compiled: true },
  key: { path: 'key', compiled: true },
  probe: { path: 'probe/main', compiled: true },
  // For who works on the gateway: they draw tables and start fleets with packages that an app has no use for.
  replay: { path: 'replay/main', compiled: false },
  stack: { path: 'stack/main', compiled: false },
};

const [, , name, ...args] = process.argv;
process.argv.splice(2, Infinity, ...args);
const program = Object.hasOwn(PROGRAMS, name ?? '')
  ? PROGRAMS[/** @type {keyof typeof PROGRAMS} */ (name)]
  : undefined;
if (program === undefined) throw new Error(`There is no ${name}, only ${Object.keys(PROGRAMS).join(', ')}.`);

if (args.includes('--version')) {
  console.log(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
  process.exit(0);
}

const { path, compiled } = program;
const compiler = await import('tsx/esm/api').catch(() => undefined);
if (compiler) {
  compiler.register();
  await import(`./${path}.ts`);
} else if (compiled) {
  await import(`../../dist/tools/${path}.js`);
} else {
  console.error(`npm run ${name} needs the development dependencies, which npm ci installs.`);
  process.exitCode = 2;
}
