import { describe, expect, test } from 'vitest';
import { createLog } from '../src/log.ts';

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
