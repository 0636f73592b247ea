import { expect, test } from 'vitest';
import { Presence } from '../../../src/pacing/window/presence.ts';

test('another process is there for as long as it is heard of, and a while longer', () => {
  const presence = new Presence();
  presence.hear(['web.1', 'web.2'], 0);
  presence.hear(['web.2'], 4000);
  expect(presence.list(5000)).toEqual(['web.1', 'web.2']);
  expect(presence.list(5001)).toEqual(['web.2']);
  expect(presence.list(9001)).toEqual([]);
});
