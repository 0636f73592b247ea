import { fileURLToPath } from 'node:url';
import { pythonWith } from '../support/python.ts';
import { behaviours } from './behaviours.ts';
import type { Client } from './client.ts';
import { Failed, run, shown } from './program.ts';

const PYTHON = pythonWith('requests') ?? 'python3';
const PROGRAM = fileURLToPath(new URL('rag_once.py', import.meta.url));

/** @param most attempts after the first, where they are wanted at all */
const rankWith =
  (most: number): Client['rank'] =>
  async ({ url, key, retries, timeout }, question) => {
    const env = {
      RERANK_URL: url,
      RERANK_KEY: key,
      RERANK_MODEL_ID: question.model,
      RERANK_RETRIES: String(retries ? most : 0),
      ...(timeout !== undefined && { RERANK_TIMEOUT: String(timeout) }),
      // Nothing is left beside the program.
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const { code, stdout, stderr } = await run(PYTHON, [PROGRAM], { input: JSON.stringify(question), env });
    if (stderr !== '') throw new Error(stderr);
    if (code !== 0) throw new Failed(JSON.parse(stdout));
    const found = JSON.parse(stdout) as [string, number][];
    return found.map(([document, score]) => ({ index: question.documents.indexOf(document), score }));
  };

const common = {
  shown,
  kinds: {
    400: 'HTTPError',
    401: 'HTTPError',
    403: 'HTTPError',
    404: 'HTTPError',
    413: 'HTTPError',
    429: 'HTTPError',
    502: 'HTTPError',
    503: 'HTTPError',
    504: 'HTTPError',
  },
  leaves: 'by a time-out',
  left: { kind: 'ReadTimeout' },
} as const;

behaviours({ ...common, name: 'requests', rank: rankWith(0), again: { 429: 'never', 503: 'never' } });
behaviours({
  ...common,
  name: 'requests with urllib3’s Retry',
  rank: rankWith(2),
  again: { 429: 'as told', 503: 'as told' },
});
