import { describe, expect, test } from 'vitest';
import { plan } from '../../../src/tools/probe/plan.ts';
import { report } from '../../../src/tools/probe/report.ts';
import { pointwise, refused, scored } from './observations.ts';

const calls = plan(['m', 'n']);
const facts = { models: ['m', 'n'], tolerance: 0.01, secrets: ['a-secret', 'host:1'] };
const text = (observations: Parameters<typeof report>[0]['observations']): string =>
  report({ ...facts, observations }).lines.join('\n');

describe('a report', () => {
  test('of nothing measures nothing, and is the safe choice for every model', () => {
    const { lines, complete } = report({ ...facts, observations: [] });
    expect(lines.at(-1)).toBe('CACHE_GRANULARITY=m=request,n=request');
    expect(lines).toContain('m (0 calls)');
    expect(complete).toBe(false);
  });

  test('says when a difference counts as none', () => {
    const observations = calls.map((call) =>
      scored(call, (of, index) => pointwise(of, index) + (of.name === 'again' ? 0.005 : 0)),
    );
    expect(text(observations)).toMatch(
      /repetition +largest difference 0.00500, which counts as none \(8 scores, 0 of them the same/,
    );
    expect(report({ ...facts, observations })).toMatchObject({ complete: true });
  });

  test('gives the upstream’s own words on one line, cut, and without the key or the host', () => {
    const words = `no\n\u001b[31mdocument a-secret at host:1 ${'x'.repeat(500)}`;
    const observations = calls.map((call) =>
      call.edge ? refused(call, 422, words) : scored(call, pointwise),
    );
    const said = text(observations);
    expect(said).toMatch(/^ +blank query +422 no \[31mdocument … at … x{100,150}$/m);
    for (const word of ['a-secret', 'host:1', '\u001b']) expect(said).not.toContain(word);
  });

  test('says when a refusal has no message', () => {
    expect(text(calls.map((call) => refused(call, 500)))).toMatch(/blank query +500 \(no message\)$/m);
  });

  test('does not make up the search units that an answer does not state', () => {
    const observations = calls.map((call) => ({ ...scored(call, pointwise), searchUnits: undefined }));
    expect(text(observations)).toMatch(/search units +not stated \(1 document\)/);
  });

  test('names all headers, and the values of those about limits', () => {
    const observations = calls.map((call, i) => ({
      ...scored(call, pointwise),
      headers: { 'x-ratelimit-remaining-requests': String(250 - i), 'set-cookie': ['a', 'b'], server: 'it' },
    }));
    expect(text(observations)).toMatch(
      /headers +server, set-cookie, x-ratelimit-remaining-requests\n +x-ratelimit-remaining-requests: 250, at last 236\n/,
    );
  });
});
