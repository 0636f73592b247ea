/** An endpoint as the API description tells it: plain data, which src/openapi puts into the document. */

/** A JSON Schema (https://json-schema.org/draft/2020-12), whose references are to `#/components/schemas/NAME`. */
export type Schema = Readonly<Record<string, unknown>>;

export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

/** The endpoint's POST. Headers and errors are those of every endpoint. */
export interface Description {
  /** The route, like `/v1/rerank`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** CommonMark. */
  readonly description: string;
  /** @param models those that the endpoint serves; there may be none */
  schemas(models: readonly string[]): Readonly<Record<string, Schema>>;
  /** Names among `schemas`. */
  readonly request: string;
  readonly response: string;
  /** Bodies by a short name. @param model one of those served */
  requests(model: string): Readonly<Record<string, Example>>;
  readonly responses: Readonly<Record<string, Example>>;
}

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** A request's `model`. */
export const modelSchema = (models: readonly string[]): Schema => ({
  type: ['string', 'null'],
  enum: [...models, null],
  description: 'May be left out when the key may use one model only.',
});
