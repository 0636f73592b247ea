/** Rerank as the column sees it: its items are documents of one query, their values scores. */

import type { Choose, Endpoint } from '../../calls/endpoint.ts';
import { documentsToAsk } from './cost.ts';
import { defang } from './defang.ts';
import { comparison } from './scores.ts';
import { wire } from './wire.ts';

const choose: Choose = ({ call, missing, known, ttlMs }) =>
  documentsToAsk({
    missing,
    known,
    queryBytes: Buffer.byteLength(call.query),
    bytesOf: (place) => Buffer.byteLength(call.items[place]!),
    ttlMs,
  });

export const RERANK: Endpoint<Float64Array> = {
  // What Heroku takes in one call; and a thousand documents of 4 KB: a larger call is slower for everybody in it, and what
  // Heroku takes at most is not documented.
  perCall: { items: 1000, bytes: 4 * 1024 * 1024 },
  wire,
  comparison,
  choose,
  defang,
};
