/** The models that a caller may use, and the choice of one. */

import { invalidField, RerankError } from '../calls/errors.ts';
import type { Caller } from './context.ts';

/** The models of `served` that a caller may use. */
export const modelsOf = ({ models }: Caller, served: readonly string[]): readonly string[] =>
  models === undefined ? served : served.filter((model) => models.includes(model));

/** @param requested undefined is allowed only if the caller may use a single model */
export const chooseModel = (
  caller: Caller,
  served: readonly string[],
  requested: string | undefined,
): string => {
  const allowed = modelsOf(caller, served);
  if (requested === undefined) {
    const [only, ...others] = allowed;
    if (only !== undefined && others.length === 0) return only;
    throw invalidField('model', `is needed: ${oneOf(allowed)}.`);
  }
  if (allowed.includes(requested)) return requested;
  if (served.includes(requested)) {
    throw new RerankError('forbidden_model', `This key may not use \`model\` ${requested}.`, {
      param: 'model',
    });
  }
  throw new RerankError('unknown_model', `\`model\` must be ${oneOf(allowed)}.`, { param: 'model' });
};

const oneOf = (models: readonly string[]): string =>
  models.length > 0 ? `one of ${models.join(', ')}` : 'one that this key may use here, and there is none';
