/**
 * Lists the models. `GET /v1/models` and `/v1/models/ID`: those that a caller may use, in the format of OpenAI's API, with
 * room and queue. `GET /available-models`: all, in Heroku's format and without a key, as at Heroku.
 */

import type { Handler } from 'hono';
import { type EndpointName, endpointOf } from '../calls/served.ts';
import { chooseModel, modelsOf } from './access.ts';
import type { GatewayEnv } from './context.ts';

export interface ModelState {
  /** Calls that all attachments together allow in one window. */
  readonly limit: number;
  readonly remaining: number;
  /** Calls waiting for a permit. */
  readonly waiting: number;
}

export interface ModelsOptions {
  readonly models: readonly string[];
  readonly stateOf: (model: string) => ModelState;
}

const described = (id: string, stateOf: ModelsOptions['stateOf']) => {
  const { limit, remaining, waiting } = stateOf(id);
  return { id, object: 'model', owned_by: 'heroku', limit, remaining, waiting };
};

export const listModels = ({ models, stateOf }: ModelsOptions): Handler<GatewayEnv> =>
  function listModels(c) {
    const data = modelsOf(c.get('caller'), models).map((id) => described(id, stateOf));
    return c.json({ object: 'list', data });
  };

export const oneModel = ({ models, stateOf }: ModelsOptions): Handler<GatewayEnv> =>
  function oneModel(c) {
    const model = chooseModel(c.get('caller'), models, c.req.param('id'));
    return c.json(described(model, stateOf));
  };

const TYPES: Readonly<Record<EndpointName, string>> = {
  rerank: 'text-to-ranking',
  embeddings: 'text-to-embedding',
};

/** @param regions of the upstream, if its address names them */
export const availableModels =
  (models: readonly string[], regions: readonly string[]): Handler =>
  (c) =>
    c.json(models.map((model_id) => ({ model_id, type: [TYPES[endpointOf(model_id)]], regions })));
