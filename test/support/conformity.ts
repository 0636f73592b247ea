/** Whether answers are as the API description says: status, headers, body. */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { canonicalPath } from '../../src/http/paths.ts';

export interface Answer {
  readonly method: string;
  /** The request's target. */
  readonly url: string;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** The part of an OpenAPI document that answers depend on. */
interface Document {
  readonly paths: Record<string, Record<string, { responses: Record<string, Described> }>>;
  readonly components: {
    readonly headers: Record<string, DescribedHeader>;
    readonly responses: Record<string, Described>;
    readonly schemas: object;
  };
}

interface Described {
  readonly headers?: Record<string, { $ref: string }>;
  readonly content?: Record<string, { schema: object }>;
}

interface DescribedHeader {
  readonly required?: boolean;
  readonly schema: { readonly type?: string };
}

/** Headers of HTTP itself, of browsers' rules, and those that the upstream may make up. */
const UNDESCRIBED =
  /^(access-control-.*|cache-control|connection|content-(encoding|length|security-policy|type)|date|keep-alive|referrer-policy|transfer-encoding|vary|x-accel-buffering|x-content-type-options|x-ratelimit-.*)$/;

/** An object has the properties that are described and no others, unless it is said to be open. */
const closed = (schema: unknown): unknown => {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isWhole = copy.type === 'object' && copy.properties && copy.additionalProperties === undefined;
  return isWhole ? { ...copy, additionalProperties: false } : copy;
};

/** @returns a function that says what is wrong with an answer */
export const conformity = (document: Document): ((answer: Answer) => string[]) => {
  const ajv = new Ajv2020({ strictTypes: false, strictRequired: false, allowUnionTypes: true });
  ajv.addKeyword('components').addKeyword('example');
  ajv.addSchema({ $id: 'api:', components: { schemas: closed(document.components.schemas) } });
  const compiled = new Map<object, ValidateFunction>();

  /** What is wrong with a value; undefined if nothing. It is not quoted: it may hold what no output may. */
  const objection = (schema: object, value: unknown): string | undefined => {
    let fits = compiled.get(schema);
    if (fits === undefined) {
      fits = ajv.compile(
        JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/components', '"api:#/components')),
      );
      compiled.set(schema, fits);
    }
    return fits(value) ? undefined : ajv.errorsText(fits.errors);
  };

  const templates = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
  }));

  const describedResponse = ({ method, url, status }: Answer): Described | undefined => {
    const { UnknownRoute, MethodNotAllowed } = document.components.responses;
    const path = canonicalPath(new URL(url, 'http://gateway').pathname);
    const known = templates.find(({ pattern }) => pattern.test(path));
    if (known === undefined) return status === 404 ? UnknownRoute : undefined;
    const operation = document.paths[known.path]![method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (operation === undefined) return status === 405 ? MethodNotAllowed : undefined;
    return operation.responses[status] ?? operation.responses[`${Math.floor(status / 100)}XX`];
  };

  const aboutHeaders = ({ headers }: Answer, described: Described): string[] => {
    const known = new Map(
      Object.entries(described.headers ?? {}).map(([name, { $ref }]) => [
        name.toLowerCase(),
        document.components.headers[$ref.slice($ref.lastIndexOf('/') + 1)]!,
      ]),
    );
    const missing = [...known].filter(([name, { required }]) => required && !headers.has(name));
    const complaints = missing.map(([name]) => `lacks ${name}`);
    for (const [name, value] of headers) {
      const header = known.get(name);
      if (header === undefined) {
        if (!UNDESCRIBED.test(name)) complaints.push(`has ${name}, which is not described`);
        continue;
      }
      const wrong = objection(header.schema, header.schema.type === 'integer' ? Number(value) : value);
      if (wrong) complaints.push(`${name}: ${wrong}`);
    }
    return complaints;
  };

  const aboutBody = ({ headers, body }: Answer, { content }: Described): string[] => {
    if (content === undefined) return body.length === 0 ? [] : ['has a body, and none is described'];
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const media = content[type];
    if (media === undefined) return [`is of type ${type}, which is not described`];
    const isText = type !== 'application/json' || headers.has('content-encoding');
    const wrong = isText ? undefined : objection(media.schema, JSON.parse(body.toString()));
    return wrong ? [wrong] : [];
  };

  return (answer) => {
    const { method, url, status } = answer;
    const path = new URL(url, 'http://gateway').pathname;
    if (method === 'OPTIONS' || (/^\/(docs|console)\/.*\.(js|css)$/.test(path) && status !== 404)) return [];
    const described = describedResponse(answer);
    const complaints = described
      ? [
          ...aboutHeaders(answer, described),
          ...(method === 'HEAD' || status === 304 ? [] : aboutBody(answer, described)),
        ]
      : ['is not described'];
    return complaints.map((complaint) => `${status} of ${method} ${canonicalPath(path)}: ${complaint}`);
  };
};
