/**
 * `npm run check-config`, `probe`, `replay` and `stack`. Runs a program of this folder from its source, where what compiles
 * it is installed; else, as in the app that Heroku has built and stripped of development dependencies, what was compiled.
 */

const [, , name, ...args] = process.argv;
process.argv.splice(2, Infinity, ...args);

const PROGRAMS = {
  'check-config': 'check-config',
  probe: 'probe/main',
  replay: 'replay/main',
  stack: 'stack/main',
};
const path = Object.hasOwn(PROGRAMS, name ?? '')
  ? PROGRAMS[/** @type {keyof typeof PROGRAMS} */ (name)]
  : undefined;
if (path === undefined) throw new Error(`There is no ${name}, only ${Object.keys(PROGRAMS).join(', ')}.`);

const compiler = await import('tsx/esm/api').catch(() => undefined);
compiler?.register();
await import(compiler ? `./${path}.ts` : `../../dist/tools/${path}.js`);
