import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorKind } from '../src/calls/errors.ts';
import { createLog, logRequest } from '../src/log.ts';
import { aRecord } from './http/onion.ts';

/** What one event becomes. */
const line = (options: { stamped?: boolean; base?: Record<string, string | undefined> } = {}): string => {
  const lines: string[] = [];
  const log = createLog(
    { level: 'info', stamped: false, base: {}, ...options },
    { write: (text) => void lines.push(text) },
  );
  log.debug('nobody asked');
  log.warn({ cause: ['Error', 'at a\n  at b'] }, 'something\nhappened');
  expect(lines).toHaveLength(1);
  return lines[0]!;
};

describe('the log', () => {
  test('is JSON on one line, whatever an event holds', () => {
    expect(line().trimEnd()).not.toContain('\n');
    expect(JSON.parse(line())).toMatchObject({ msg: 'something\nhappened' });
  });

  test('begins with the level as a word', () => {
    expect(line()).toMatch(/^\{"level":"warn",/);
  });

  test('leaves the time of day to the platform that stamps lines itself, and to nobody else', () => {
    expect(JSON.parse(line())).not.toHaveProperty('time');
    const { time } = JSON.parse(line({ stamped: true }));
    expect(new Date(time).toISOString()).toBe(time);
  });

  test('names the process and its release on every line, where they are known', () => {
    expect(JSON.parse(line({ base: { dyno: 'web.1', release: 'v42' } }))).toMatchObject({
      dyno: 'web.1',
      release: 'v42',
    });
    expect(JSON.parse(line({ base: { dyno: 'web.1', release: undefined } }))).not.toHaveProperty('release');
  });
});

describe('the line of a request', () => {
  /** With what both write of the same. */
  const both = (record = aRecord(), level = 'info', as: 'info' | 'error' = 'info'): [string, string] => {
    const lines: string[] = [];
    const options = { level, stamped: false, base: { dyno: 'web.1 "a"', release: undefined } };
    const log = createLog(options, { write: (text) => void lines.push(text) });
    logRequest(log, record);
    const own = lines.splice(0).join('');
    const { level: _, dyno, msg, ...fields } = own === '' ? {} : JSON.parse(own);
    lines.length = 0;
    log[as](fields, 'request');
    return [own, lines.join('')];
  };

  test('is what pino writes of it, to the byte', () => {
    const [own, pinos] = both(
      aRecord({
        outcome: 'hit',
        status: 200,
        client: 'search "é"\n',
        model: 'cohere-rerank-3-5',
        documents: 3,
        durationMs: 1.23456,
        timing: { cacheMs: 0, queueMs: 1.005, upstreamMs: 7 },
      }),
    );
    expect(own).toBe(pinos);
    expect(JSON.parse(own)).toMatchObject({ level: 'info', dyno: 'web.1 "a"', ms: 1.23, msg: 'request' });
  });

  test('is what pino writes of a failure, too', () => {
    const [own, pinos] = both(
      aRecord({
        outcome: 'error',
        error: 'internal',
        cause: ['TypeError', '    at "x" (file:1:2)'],
        upstream: {
          status: undefined,
          code: 'ECONNREFUSED',
          calls: { attachment: 'RERANK', attempts: 2, queueMs: 0.1, upstreamMs: 3, each: [] },
        },
        wait: { predictedMs: 12.345, reason: 'spaced' },
      }),
      'info',
      'error',
    );
    expect(own).toBe(pinos);
    expect(JSON.parse(own)).toMatchObject({
      level: 'error',
      upstreamCode: 'ECONNREFUSED',
      predictedMs: 12.35,
    });
  });

  test('is none where such lines are not asked for', () => {
    expect(both(aRecord({ outcome: 'hit' }), 'warn')[0]).toBe('');
  });

  test('is an error where somebody should look', () => {
    expect(both(aRecord({ outcome: 'error' }))[0]).toMatch(/^\{"level":"error"/);
  });

  const failures = Object.entries(ERRORS).filter(([, { outcome }]) => outcome === 'error');
  test.each(failures.map(([kind]) => kind as ErrorKind))('has its cause when it is an error: %s', (kind) => {
    const line = JSON.parse(both(aRecord({ outcome: 'error', error: kind }))[0]);
    expect(line.cause).toBe(ERRORS[kind].message);
  });
});
