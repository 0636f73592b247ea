import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lexicalScores } from '../../../src/simulator/lexical.ts';
import { createExpected, LISTWISE } from '../../../src/tools/replay/expected.ts';

test('expected scores are bit for bit those of one call with the whole request, whatever came before', () => {
  const word = fc.constantFrom('wing', 'shock', 'heat', 'plate', 'flow');
  const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
  const asked = fc.record({
    model: fc.constantFrom('cohere-rerank-3-5', 'amazon-rerank-1-0'),
    query: text,
    documents: fc.array(text, { minLength: 1, maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 20 }), fc.constantFrom([], LISTWISE), (requests, listwise) => {
      const expected = createExpected(listwise);
      for (const request of requests) {
        const mode = listwise.includes(request.model) ? 'listwise' : 'pointwise';
        expect(expected(request)).toEqual(lexicalScores(request.query, request.documents, mode));
      }
    }),
  );
});
