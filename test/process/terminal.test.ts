import { describe, expect, test } from 'vitest';
import { forPeople } from '../../src/process/terminal.ts';

const shown = (fields: Record<string, unknown>): string => forPeople(`${JSON.stringify(fields)}\n`);

describe('a line of the log at a terminal', () => {
  test('begins with time, level and what happened, and has no machine in it', () => {
    const base = { level: 'warn', time: '2026-11-26T08:09:10.111Z', dyno: 'laptop', release: 'v7' };
    expect(shown({ ...base, state: 'outage', code: 'ECONNREFUSED', msg: 'redis' })).toBe(
      '08:09:10 warn  redis  state=outage  code=ECONNREFUSED\n',
    );
  });

  test('has values of several words or parts on lines of their own', () => {
    const fields = {
      level: 'info',
      port: 3000,
      models: { a: 250, b: 200 },
      services: ['x', 'y'],
      why: 'two words',
    };
    expect(shown({ ...fields, msg: 'listening' })).toBe(
      'info  listening  port=3000\n    models    a=250, b=200\n    services  x, y\n    why       two words\n',
    );
  });

  test('commands no terminal, whatever a caller has sent', () => {
    expect(shown({ level: 'info', agent: 'a\u001b[2Jb\u0007', 'x\u009b': 1, msg: 'm' })).not.toMatch(
      /[^\P{Cc}\n]/u,
    );
  });

  test.each(['no JSON\n', '7\n', 'null\n'])('is shown as it is when it is %j', (line) => {
    expect(forPeople(line)).toBe(line);
  });
});
