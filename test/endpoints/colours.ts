/**
 * An endpoint that nobody has built: texts in, three bytes each out, three texts a call, a key each in Redis. It stands for all
 * that come after rerank.
 */

import { hash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { distinct } from '../../src/calls/distinct.ts';
import type { Codec, Endpoint } from '../../src/calls/endpoint.ts';
import { invalidField, RerankError } from '../../src/calls/errors.ts';
import type { Api, Asked } from '../../src/endpoints/api.ts';

export type Colours = readonly Uint8Array[];

export const MODEL = 'colours-1';
export const PER_CALL = 3;

const SHADES = 'abcdefghijklmnopqrstuvwxyz';

/** What the upstream makes of a text; with a palette, of the two together. */
export const colourOf = (text: string, shade = 0): Uint8Array =>
  Uint8Array.from(hash('sha256', `${SHADES[shade]}${text}`, 'buffer').subarray(0, 3));

const garbage = (): RerankError => new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 });

export const COLOURS: Endpoint<Colours> = {
  perCall: { items: PER_CALL, bytes: 1000 },
  wire: {
    path: '/v1/colours',
    request: ({ model, items, dependsOn: [palette] = [] }) =>
      JSON.stringify({ model, texts: items, palette }),
    answer(body, { items: { length: count } }) {
      const { colours } = JSON.parse(body) as { colours: string[] };
      if (colours.length !== count) throw garbage();
      return { values: colours.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex'))), spent: count };
    },
    maxAnswerBytes: 10_000,
  },
  comparison: {
    distance: (one, other) => Math.max(...one.map((byte, i) => Math.abs(byte - other[i]!))),
    tolerance: 1,
    companions: () => ['a companion'],
  },
  defang: (text) => text.replaceAll('<', ''),
};

export const CODEC: Codec<Uint8Array> = {
  sizeOf: ({ length }) => length,
  encode: (colour) => colour,
  decode: (bytes) => (bytes.length === 3 ? Uint8Array.from(bytes) : undefined),
  maxBytes: 3,
};

interface ColoursRequest extends Asked {
  readonly palette: string;
}

export const COLOURS_API: Api<ColoursRequest, Colours> = {
  parse(body) {
    const { model, texts, palette = '' } = JSON.parse(body.toString());
    if (!Array.isArray(texts)) throw invalidField('texts', 'must be a list.');
    return {
      request: {
        model,
        query: '',
        textsField: 'texts',
        count: texts.length,
        distinct: () => distinct(texts),
        palette,
        warnings: [],
      },
      bytes: body.length,
    };
  },
  billedIn: 'tokens',
  dependsOn: ({ palette }) => [palette],
  repeats: () => false,
  answer: ({ id, reply, positions, warnings }) =>
    JSON.stringify({
      id,
      colours: Array.from(positions, (place) => Buffer.from(reply.values[place]!).toString('hex')),
      spent: reply.spent,
      warnings,
    }),
};

export interface ColourServer {
  readonly url: string;
  /** The texts of each call. */
  readonly calls: string[][];
  /** Texts that the firewall in front of it refuses. */
  readonly refused: Set<string>;
  /** Calls that it fails from now on. */
  failures: number;
  /** Which model it is by now. */
  shade: number;
  /** Answers nothing until called. */
  hold(): () => void;
  close(): void;
}

export const startColourServer = async (): Promise<ColourServer> => {
  let held: Promise<void> = Promise.resolve();
  const say = (response: ServerResponse, status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type }).end(body);
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { texts, palette } = JSON.parse(Buffer.concat(chunks).toString()) as {
      texts: string[];
      palette: string;
    };
    colours.calls.push(texts);
    await held;
    if (colours.failures > 0) {
      colours.failures--;
      say(response, 500, 'application/json', '{}');
    } else if (texts.some((text) => colours.refused.has(text))) {
      say(response, 403, 'text/html', '<html>no</html>');
    } else {
      const hex = texts.map((text) =>
        Buffer.from(colourOf(`${palette}${text}`, colours.shade)).toString('hex'),
      );
      say(response, 200, 'application/json', JSON.stringify({ colours: hex }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const colours: ColourServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    refused: new Set(),
    failures: 0,
    shade: 0,
    hold() {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return colours;
};
