/** The first request that the README shows. */

import { readText } from './manifest.ts';

const COMMAND = /^curl -s localhost:3000(?<path>\S+) -d '(?<body>[^']+)'$/m;

/** Sends it to another address, with a gateway key. */
export const readmeCurl = (origin: string, key?: string): Promise<Response> => {
  const found = COMMAND.exec(readText('README.md'))?.groups;
  if (!found) throw new Error('README.md shows no curl in the form that is known here');
  return fetch(`${origin}${found.path}`, {
    method: 'POST',
    // What curl sends unless it is told.
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: found.body!,
  });
};
