/** The endpoint at which a model is served, told by its name: no call but a failing one would tell it otherwise. */

export type EndpointName = 'rerank' | 'embeddings';

export const endpointOf = (model: string): EndpointName =>
  model.includes('embed') ? 'embeddings' : 'rerank';
