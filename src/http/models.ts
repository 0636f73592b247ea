/** `GET /v1/models`: the models a caller may use, in the form that OpenAI's clients read, with room and queue. */

import type { Handler } from 'hono';
import { modelsOf } from './access.ts';
import type { GatewayEnv } from './context.ts';

export interface ModelState {
  /** Calls that all attachments together allow in one window. */
  readonly limit: number;
  readonly remaining: number;
  /** Calls waiting for a slot. */
  readonly waiting: number;
}

export interface ModelsOptions {
  readonly models: readonly string[];
  readonly stateOf: (model: string) => ModelState;
}

export const listModels = ({ models, stateOf }: ModelsOptions): Handler<GatewayEnv> =>
  function listModels(c) {
    const data = modelsOf(c.get('caller'), models).map((id) => ({
      id,
      object: 'model',
      owned_by: 'heroku',
      ...stateOf(id),
    }));
    return c.json({ object: 'list', data });
  };
