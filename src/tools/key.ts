/** `npm run key -- NAME`: a new key for a service, and the entry of GATEWAY_KEYS that admits it without holding it. */

import { hash, randomBytes } from 'node:crypto';

/** 192 bits: too many to guess, so that its digest need not be slow. */
const KEY_BYTES = 24;

const HELP = `Usage: npm run key -- NAME

Makes a key for the service NAME (letters, digits, _ and -). The service sends the key; GATEWAY_KEYS needs only the entry,
which cannot be used for calls.

Exit code: 0; 2 when NAME is missing or none.
`;

const [name, ...more] = process.argv.slice(2);
if (name === '--help' || name === '-h') process.stdout.write(HELP);
else if (name === undefined || more.length > 0 || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  const key = randomBytes(KEY_BYTES).toString('hex');
  process.stdout.write(`key:   ${key}\nentry: ${name}:sha256:${hash('sha256', key)}\n`);
}
