import { describe, expect, test } from 'vitest';
import { ALERTS } from './committed.ts';
import { ANCHORS, SECTIONS } from './runbook.ts';

test('every alert has its heading in the runbook, and every heading its alert', () => {
  expect(SECTIONS.map(({ heading }) => heading)).toEqual(ALERTS.map(({ alert }) => alert));
});

test('what refers to another heading finds it', () => {
  const headings = new Set(SECTIONS.map(({ heading }) => heading.toLowerCase()));
  expect(ANCHORS.filter((anchor) => !headings.has(anchor))).toEqual([]);
});

describe.each(SECTIONS)('$heading', ({ heading, text }) => {
  test('says how urgent it is, as the alert does', () => {
    const severity = ALERTS.find(({ alert }) => alert === heading)?.labels.severity;
    expect(text.slice(0, text.indexOf('.')).toLowerCase()).toBe(severity);
  });

  test('says where to look first, with a query or a command, and what to do', () => {
    const [meaning = '', look = '', action = ''] = text.split(/\*\*(?:Look first|Do)\.\*\*/);
    expect(meaning.trim()).not.toBe('');
    expect(look).toMatch(/```promql\n|`curl /);
    expect(action.trim()).not.toBe('');
  });
});
