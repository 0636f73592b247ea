import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalPath, shownPath } from '../../src/http/paths.ts';
import { pathOf } from '../../src/http/target.ts';

describe('a path', () => {
  test.each([
    '/v1/rerank',
    '/rerank',
    '/v2/rerank',
    '/v1/v1/rerank',
    '//v1/rerank',
    '/v2/v1//rerank/',
    '/v1/v2/rerank///',
    '/v3/rerank',
    '////rerank',
  ])('%s is that of rerank', (path) => {
    expect(canonicalPath(path)).toBe('/v1/rerank');
  });

  test.each([
    ['/v1/models/', '/v1/models'],
    ['/models', '/v1/models'],
    ['//healthz/', '/healthz'],
    ['/', '/'],
    ['/v1', '/v1'],
    ['/v1/healthz', '/v1/healthz'],
    ['/v1/reranks', '/v1/reranks'],
    ['/v1/rerank/more', '/v1/rerank/more'],
    ['/vx/rerank', '/vx/rerank'],
    ['/api/v1/rerank', '/api/v1/rerank'],
  ])('%s is that of %s', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });

  test('of any kind has one canonical form', () => {
    const part = fc.constantFrom('/', 'v1', 'v2', 'rerank', 'models', 'x', '');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const once = canonicalPath(`/${parts.join('/')}`);
        expect(canonicalPath(once)).toBe(once);
        expect(once).toMatch(/^\/([^/]+\/)*[^/]*$/);
      }),
    );
  });

  test('is shown without what may be a key, and short', () => {
    expect(shownPath('/v1/0123456789abcdef0123456789abcdef')).toBe('/v1/…');
    expect(shownPath('/v1/\u0000\u202erank')).toBe('/v1/…');
    expect(shownPath('/v1/How%20long')).toBe('/v1/…');
    expect(shownPath('/a'.repeat(500)).length).toBeLessThanOrEqual(30);
  });
});

test.each([
  ['/v1/rerank?x=1', '/v1/rerank?x=1'],
  ['http://example.com/v1/rerank', '/v1/rerank'],
  ['https://user:pw@[::1]:8080/healthz?x', '/healthz?x'],
  ['http://example.com', '/'],
  ['http://example.com?x', '/?x'],
  ['*', '/'],
  ['example.com:443', '/example.com:443'],
])('the target %s asks for %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});
