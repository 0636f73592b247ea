/** Whether an attachment can be used, asked without a call that is billed. */

import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { endpointOf } from '../../calls/served.ts';
import type { Upstream } from '../../config/config.ts';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 10_000;

/** @param models those that the attachment is to serve, one at least */
export const checkUpstream = async (
  { alias, url, key }: Pick<Upstream, 'alias' | 'url' | 'key'>,
  models: readonly string[],
): Promise<Finding[]> => {
  const found = (kind: Finding['kind'], text: string): Finding => ({ about: alias, kind, text });
  const started = performance.now();
  const listed = await ask(`${url}/available-models`);
  if (typeof listed === 'string') return [found('problem', `cannot be reached: ${listed}`)];
  const ms = Math.round(performance.now() - started);
  const catalogue = catalogueIn(listed);
  const absent = catalogue ? models.filter((model) => !catalogue.has(model)) : [];
  const [model = ''] = models;
  const { path, body } = emptyCall(model);
  return [
    found('fine', `reached in ${ms} ms`),
    ...(catalogue
      ? []
      : [found('warning', `GET /available-models is answered ${listed.status}, and names no model`)]),
    ...absent.map((name) =>
      found('problem', `does not offer ${name}: take it out of MODEL_LIMITS, or attach a plan that has it`),
    ),
    found(...(await checkKey(url + path, key, body))),
  ];
};

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The answer, or the code of what went wrong. */
const ask = async (url: string, key?: string, body?: string): Promise<Answer | string> => {
  try {
    const answer = await request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: answer.statusCode, body: await answer.body.text() };
  } catch (thrown) {
    const { code, name } = thrown as { code?: unknown; name?: unknown };
    return typeof code === 'string' ? code : String(name);
  }
};

/** The ids of the models that an attachment offers; undefined when the answer does not say. */
const catalogueIn = ({ status, body }: Answer): ReadonlySet<string> | undefined => {
  if (status !== 200) return undefined;
  try {
    const list = JSON.parse(body) as readonly { model_id?: unknown }[];
    return new Set(list.map(({ model_id: id }) => String(id)));
  } catch {
    return undefined;
  }
};

/** A call with nothing in it. */
const emptyCall = (model: string): { path: string; body: string } =>
  endpointOf(model) === 'embeddings'
    ? { path: '/v1/embeddings', body: JSON.stringify({ model, input: [] }) }
    : { path: '/v1/rerank', body: JSON.stringify({ model, query: 'q', documents: [] }) };

const REFUSED = 401;

/**
 * A call with nothing in it is refused even by whoever accepts its key: nothing is scored, nothing billed. Only where a key
 * that nobody has is refused for itself does that prove anything.
 */
const checkKey = async (
  url: string,
  key: string,
  body: string,
): Promise<[kind: Finding['kind'], text: string]> => {
  const ours = await ask(url, key, body);
  if (typeof ours === 'string') return ['problem', `a call fails: ${ours}`];
  if (ours.status === REFUSED) return ['problem', 'the key is refused'];
  if (ours.status === 403)
    return ['problem', 'a call is answered 403: the key may not use the model, or a firewall answers'];
  if (ours.status === 404 || ours.status >= 500) return ['problem', `a call is answered ${ours.status}`];
  const nobodys = await ask(url, randomBytes(24).toString('hex'), body);
  return typeof nobodys === 'object' && nobodys.status === REFUSED
    ? ['fine', 'the key is accepted']
    : ['warning', 'whether the key is accepted cannot be told without a billed call'];
};
