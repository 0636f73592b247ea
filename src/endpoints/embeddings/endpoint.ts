/** Embeddings as the column sees them: its items are texts, their values vectors. */

import type { Endpoint } from '../../calls/endpoint.ts';
import { defang } from '../defang.ts';
import { MAX_INPUT_BYTES } from './request.ts';
import { comparison, type Vectors } from './vector.ts';
import { wire } from './wire.ts';

/** The most texts that Heroku takes in a call. */
const PER_CALL = 96;

export const EMBEDDINGS: Endpoint<Vectors> = {
  perCall: { items: PER_CALL, bytes: PER_CALL * MAX_INPUT_BYTES },
  wire,
  comparison,
  costs: 'input',
  defang,
};
