/** Rerank as the column sees it: its items are documents of one query, their values scores. */

import type { Choose, Endpoint } from '../../calls/endpoint.ts';
import { bytesOf } from '../../calls/item.ts';
import { defang } from '../defang.ts';
import { documentsToSend } from './cost.ts';
import { comparison } from './scores.ts';
import { wire } from './wire.ts';

const choose: Choose = ({ call, missing, known, ttlMs }) =>
  documentsToSend({
    missing,
    known,
    queryBytes: Buffer.byteLength(call.query),
    bytesOf: (place) => bytesOf(call.items[place]!),
    ttlMs,
  });

export const RERANK: Endpoint<Float64Array> = {
  // The most documents that Heroku takes in a call; and the bytes of a thousand documents of 4 KB: a larger call is slower
  // for all its callers, and Heroku documents no limit.
  perCall: { items: 1000, bytes: 4 * 1024 * 1024 },
  wire,
  comparison,
  choose,
  defang,
};
