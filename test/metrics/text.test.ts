import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merge, parseText, renderText } from '../../src/metrics/text.ts';
import { families, textOf, write } from './texts.ts';

const merged = (texts: readonly string[]): string => renderText(merge(texts.map((text) => parseText(text)!)));

const samplesOf = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('# '));

describe('several texts as one', () => {
  test('have every sample of each, once and unchanged', () => {
    fc.assert(
      fc.property(fc.array(families, { maxLength: 5 }), (fleet) => {
        const all = fleet.flatMap((one) => one.flatMap(({ samples }) => samples.map(write)));
        expect(samplesOf(merged(fleet.map(textOf))).sort()).toEqual(all.sort());
      }),
    );
  });

  test('name every family once, before all of its samples and nobody else’s', () => {
    fc.assert(
      fc.property(fc.array(families, { maxLength: 5 }), (fleet) => {
        const text = merged(fleet.map(textOf));
        const known = new Map(fleet.flat().map((family) => [family.name, family]));
        const blocks = text.split(/^(?=# HELP )/m).filter((block) => block !== '');
        expect(blocks.map((block) => /^# HELP (\S+)/.exec(block)![1]).sort()).toEqual(
          [...known.keys()].sort(),
        );
        for (const block of blocks) {
          const [help = '', type, ...samples] = block.trimEnd().split('\n');
          const name = help.split(' ')[2]!;
          expect(type).toBe(`# TYPE ${name} ${known.get(name)!.type}`);
          const own = fleet.flatMap((one) =>
            one.filter((family) => family.name === name).flatMap((family) => family.samples.map(write)),
          );
          expect(samples).toEqual(own);
        }
      }),
    );
  });

  test('come out the same when they are merged again', () => {
    fc.assert(
      fc.property(fc.array(families, { minLength: 1, maxLength: 4 }), (fleet) => {
        const once = merged(fleet.map(textOf));
        expect(merged([once])).toBe(once);
      }),
    );
  });

  test('leave the texts that went in as they were', () => {
    const one = parseText('# TYPE up gauge\nup{dyno="web.1"} 1\n')!;
    const before = renderText(one);
    merge([one, one, one]);
    expect(renderText(one)).toBe(before);
  });

  test('are described by the first one that describes a family', () => {
    const bare = 'up{dyno="web.1"} 1\n';
    const described = '# HELP up First.\n# TYPE up gauge\nup{dyno="web.2"} 1\n';
    const other = '# HELP up Second.\n# TYPE up counter\nup{dyno="web.3"} 1\n';
    expect(merged([bare, described, other])).toBe(
      '# HELP up First.\n# TYPE up gauge\nup{dyno="web.1"} 1\nup{dyno="web.2"} 1\nup{dyno="web.3"} 1\n',
    );
  });

  test('of none are nothing', () => {
    expect(merged([])).toBe('');
  });
});

describe('a text', () => {
  test.each([
    ['no line feed at its end', 'up 1'],
    ['a timestamp', 'up 1 1790000000000\n'],
    ['a comment', '# by hand\n#\nup 1\n'],
    ['empty braces, or a comma too many', 'up{} 1\nup{a="b",} 1\n'],
    ['nothing in it', ''],
  ])('may have %s', (_, text) => {
    expect(parseText(text)).toBeDefined();
  });

  test.each([
    ['words', 'good morning\n'],
    ['a page', '<html>\n<body>\n'],
    ['JSON', '{"up": 1}\n'],
    ['a sample without a value', 'up{a="b"}\n'],
    ['a value that is no number', 'up one\n'],
    ['a label without its quotes', 'up{a=b} 1\n'],
    ['a label that does not end', 'up{a="b} 1\n'],
    ['an escape at the end of a label', 'up{a="b\\"} 1\n'],
    ['a name with a hyphen', 'up-time 1\n'],
    ['an unknown type', '# TYPE up thermometer\n'],
    ['half a line after good ones', 'up 1\nup{a="b"} 2\nup{a='],
    ['a zero byte', 'up{a="\0"} 1\n'],
    ['something before a sample', ' up 1\n'],
  ])('is none with %s', (_, text) => {
    expect(parseText(`up 1\n${text}`)).toBeUndefined();
    expect(parseText(text)).toBeUndefined();
  });

  test('of 100,000 samples of one family is no problem', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `up{i="${i}"} ${i}\n`).join('');
    expect(renderText(parseText(lines)!)).toBe(lines);
  });
});
