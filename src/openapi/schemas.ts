/** Schemas of the answers besides the endpoints'. */

import { ref, type Schema } from '../endpoints/description.ts';
import { ERROR_SCHEMA } from './errors.ts';

const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});

const COUNT = { type: 'integer', minimum: 0 };

/** @param models those served */
export const schemas = (models: readonly string[]): Readonly<Record<string, Schema>> => ({
  Error: ERROR_SCHEMA,
  Model: object({
    id: { enum: models },
    object: { const: 'model' },
    owned_by: { const: 'heroku' },
    limit: { ...COUNT, description: 'Calls that all attachments together allow in a window.' },
    remaining: { ...COUNT, description: 'Those that are left now.' },
    waiting: { ...COUNT, description: 'Calls that wait for a permit.' },
  }),
  ModelList: object({ object: { const: 'list' }, data: { type: 'array', items: ref('Model') } }),
  AvailableModels: {
    type: 'array',
    items: object({
      model_id: { enum: models },
      type: { type: 'array', items: { type: 'string' } },
      regions: { type: 'array', items: { type: 'string' } },
    }),
  },
  Purge: object({ object: { const: 'cache' }, model: { enum: models }, purged: { const: true } }),
  Health: object({ status: { const: 'ok' } }),
  Readiness: object(
    {
      status: { enum: ['ready', 'degraded', 'draining'] },
      redis: { enum: ['up', 'down'], description: 'When there is one. `down`: it can be used for nothing.' },
      pacing: { const: 'alone', description: 'The limit cannot be shared with other processes.' },
      reason: { type: 'string', description: "Redis' code or the system's, like `READONLY`." },
    },
    ['redis', 'pacing', 'reason'],
  ),
});
