/** Loaded into a gateway before its program: SIGUSR2 stands its event loop still, in the way that the environment tells. */

import { execFileSync } from 'node:child_process';

const SECRET = 'DOCTEXT';

const WAYS: Record<string, (document: string) => void> = {
  loop: function endlessLoop(document) {
    while (document !== '') document += document.slice(-1) && '';
  },
  pattern: function backtracking(document) {
    /^(a+)+$/.test(`${'a'.repeat(60)}${document}`);
  },
  promises: function endlessPromises(document) {
    const next = (): void => void Promise.resolve(document).then(next);
    next();
  },
  native: function nativeCode() {
    execFileSync('sleep', ['15']);
  },
};

process.on('SIGUSR2', () => WAYS[process.env.WAY!]!(SECRET));
