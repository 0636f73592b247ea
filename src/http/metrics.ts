/** `GET /metrics`: Prometheus' text format, for scrapers with the token. */

import type { Handler } from 'hono';
import { RerankError } from '../calls/errors.ts';
import { bearer, keyDigest } from './auth.ts';

export interface MetricsRouteOptions {
  readonly render: () => Promise<string>;
  readonly contentType: string;
  /** Undefined: `open` says whether everyone or no one may read the metrics. */
  readonly token: string | undefined;
  readonly open: boolean;
}

export const metricsRoute = ({ render, contentType, token, open }: MetricsRouteOptions): Handler => {
  const allowed = token === undefined ? undefined : keyDigest(token);
  return async function metrics(c) {
    const given = bearer(c.req.header('authorization'));
    const fits = allowed === undefined ? open : given !== undefined && keyDigest(given) === allowed;
    if (!fits) {
      throw new RerankError(
        'unauthenticated',
        'Metrics need the metrics token as `Authorization: Bearer TOKEN`.',
        {
          headers: { 'WWW-Authenticate': 'Bearer' },
        },
      );
    }
    return c.body(await render(), 200, { 'Content-Type': contentType });
  };
};
