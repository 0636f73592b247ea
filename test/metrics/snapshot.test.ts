import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type Families, familiesOf, renderText } from '../../src/metrics/families.ts';
import { pack, Unpacker } from '../../src/metrics/snapshot.ts';
import { objections } from '../support/promtool.ts';

const registry = new Registry();
const served = new Counter({
  name: 'served_total',
  help: 'Served \\ so\nfar.',
  labelNames: ['client', 'model'],
  registers: [registry],
});
const depth = new Gauge({ name: 'depth', help: 'Deep.', registers: [registry] });
const wait = new Histogram({
  name: 'wait_seconds',
  help: 'Waited.',
  labelNames: ['model'],
  buckets: [0.1, 1],
  registers: [registry],
});

let own: Families;
beforeAll(async () => {
  served.inc({ client: 'a', model: '"\\\n}' }, 3);
  served.inc({ client: 'b', model: '' });
  depth.set(-2.5);
  for (const seconds of [0.05, 0.5, 5]) wait.observe({ model: 'a' }, seconds);
  own = await familiesOf(registry);
});

const textOf = (...snapshots: Families[]): string =>
  renderText(
    [...own.values()].map(({ shape }) => shape),
    [own, ...snapshots].map((families, i) => ({ dyno: `web.${i}`, families })),
  );

const read = (json: unknown) =>
  new Unpacker(own).read(gzipSync(typeof json === 'string' ? json : JSON.stringify(json)));

const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe('what a registry holds', () => {
  test('is the text that it writes itself', async () => {
    registry.setDefaultLabels({ dyno: 'web.0' });
    const reference = (await registry.metrics()).replaceAll('{le="', '{model="a",le="');
    const told = textOf().replaceAll(/\{le="([^"]*)",model="a"/g, '{model="a",le="$1"');
    // prom-client names the bound first, too; only the order of labels differs.
    const sorted = (text: string): string[] =>
      lines(text).map((line) =>
        line.replace(
          /\{(.*)\}/,
          (_, labels: string) => `{${[...new Set(labels.match(/\w+="(?:[^"\\]|\\.)*"/g))].sort()}}`,
        ),
      );
    expect(sorted(told)).toEqual(sorted(reference));
  });

  test('comes out of a snapshot as it went in', () => {
    const unpacked = new Unpacker(own).read(pack(own)) as Families;
    expect(textOf(unpacked)).toBe(textOf(own));
    expect(objections(textOf(unpacked))).toBe('');
  });

  test('is not told where it is no number', async () => {
    const odd = new Registry();
    new Gauge({ name: 'mean', help: 'Mean of nothing.', registers: [odd] }).set(Number.NaN);
    expect((await familiesOf(odd)).get('mean')!.series.size).toBe(0);
  });
});

const COUNTED = 'counter client model';
const WAITED = 'histogram model 0.1 1';

describe('a snapshot is none', () => {
  test.each<[string, unknown]>([
    ['with a value beyond all numbers', '{"depth":["gauge",{"":[1e999]}]}'],
    ['with a value that is none', { depth: ['gauge', { '': [null] }] }],
    ['with a value in words', { depth: ['gauge', { '': ['1'] }] }],
    ['with a value and a timestamp', { depth: ['gauge', { '': [1, 1790000000000] }] }],
    ['with a counter below 0', { served_total: [COUNTED, { 'client="a",model="b"': [-1] }] }],
    ['with a label twice', { served_total: [COUNTED, { 'client="a",client="b"': [1] }] }],
    ['with a label too many', { served_total: [COUNTED, { 'client="a",model="b",x="c"': [1] }] }],
    ['with a label too few', { served_total: [COUNTED, { 'client="a"': [1] }] }],
    ['with the label of the dyno', { depth: ['gauge', { 'dyno="web.1"': [1] }] }],
    ['with an escape that is none', { served_total: [COUNTED, { 'client="\\z",model="b"': [1] }] }],
    ['with a line in a label', { served_total: [COUNTED, { 'client="a\nb",model="b"': [1] }] }],
    ['with a zero byte', { served_total: [COUNTED, { 'client="\0",model="b"': [1] }] }],
    [
      'with half a character',
      '{"served_total":["counter client model",{"client=\\"\\ud83d\\",model=\\"\\"":[1]}]}',
    ],
    ['with a histogram without its last bucket', { wait_seconds: [WAITED, { 'model="a"': [1, 2, 3] }] }],
    [
      'with a bucket that has less than the one before',
      { wait_seconds: [WAITED, { 'model="a"': [2, 1, 3, 4] }] },
    ],
    ['with a histogram that is one number', { wait_seconds: [WAITED, { 'model="a"': 1 }] }],
    ['with a family of another kind', { depth: { gauge: 1 } }],
    ['with series in a list', { depth: ['gauge', [[1]]] }],
  ])('%s', (_, json) => {
    expect(read(json)).toBe('foreign');
  });

  test.each(['[]', '{}', '[[[[[]]]]]'])(
    'of nothing but %s, which would be many, and none is made',
    (item) => {
      const parse = vi.spyOn(JSON, 'parse');
      expect(read(`[${new Array(1e5).fill(item).join(',')}]`)).toBe('foreign');
      expect(parse).not.toHaveBeenCalled();
      parse.mockRestore();
    },
  );

  test('when there is only text', () => expect(read('# TYPE depth gauge\ndepth 1\n')).toBe('foreign'));
});

test('another release’s metrics, and ours of another shape, are left out', () => {
  const families = read({
    depth: ['counter', { '': [1] }],
    wait_seconds: ['histogram model 0.1 2', { 'model="a"': [1, 2, 3, 4] }],
    unheard_of: ['gauge', { '': [1] }],
    served_total: [COUNTED, { 'client="a",model="b"': [7] }],
  }) as Families;
  expect([...families.keys()]).toEqual(['served_total']);
});

test('a series that is there twice is there once', () => {
  const families = read('{"depth":["gauge",{"":[1],"":[2]}],"depth":["gauge",{"":[3],"":[4]}]}') as Families;
  expect(lines(textOf(families)).filter((line) => line.startsWith('depth'))).toEqual([
    'depth{dyno="web.0"} -2.5',
    'depth{dyno="web.1"} 4',
  ]);
});

/** Ours with something foreign in one place, or in many. */
const NASTY = [
  '',
  '"',
  '\\',
  '\\z',
  '\n',
  '}',
  '{',
  ',',
  '\0',
  '\ud83d',
  '__proto__',
  'dyno="web.0"',
  'model="a",le="1"',
];
const number = fc.oneof(
  fc.double(),
  fc.nat(),
  fc.constantFrom<unknown>(null, '1', 1e308, -1, 2 ** 53, [], {}),
);
const word = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 5 }));
const labelled = fc.oneof(
  word,
  word.map((value) => `model="${value}"`),
  fc.tuple(word, word).map(([client, model]) => `client="${client}",model="${model}"`),
);
const snapshots = fc.dictionary(
  fc.oneof(fc.constantFrom('depth', 'served_total', 'wait_seconds'), word),
  fc.tuple(
    fc.oneof(fc.constantFrom('gauge', COUNTED, WAITED), word),
    fc.dictionary(labelled, fc.oneof(fc.array(number, { maxLength: 5 }), number)),
  ),
  { noNullPrototype: true },
);

test('whatever is in the snapshots, Prometheus accepts the whole text', () => {
  let accepted = 0;
  const texts: string[] = [];
  fc.assert(
    fc.property(fc.array(snapshots, { minLength: 1, maxLength: 4 }), (all) => {
      const families = all.map(read).filter((one) => typeof one === 'object');
      accepted += families.length;
      const text = textOf(...families);
      const series = lines(text).filter((line) => !line.startsWith('#'));
      const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
      expect(new Set(names).size).toBe(names.length);
      for (const line of series) {
        expect(line).toMatch(
          /^(?:depth|served_total|wait_seconds_(?:bucket|sum|count))\{(?:(?:le|client|model)="(?:[^"\\\n]|\\[\\"n])*",)*dyno="web\.\d"\} -?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/u,
        );
      }
      if (families.some((one) => one.size > 0) && texts.length < 20) texts.push(text);
    }),
    { numRuns: 2000 },
  );
  expect(accepted).toBeGreaterThan(100);
  // The tool itself takes a tenth of a second for each.
  for (const text of texts) expect(objections(text)).toBe('');
});
