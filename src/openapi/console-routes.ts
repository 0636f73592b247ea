/** The console's routes, as paths of the API description. */

import { errors } from './errors.ts';
import { headers, parameters } from './headers.ts';
import { answer, file, KEY, NOBODY, type Route } from './route.ts';

export const CONSOLE_ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/console/live': {
    get: {
      tag: 'Console',
      operationId: 'watchConsole',
      summary: "The console's numbers as they change",
      description:
        'Server-sent events: `history` once, a `snapshot`, then each `change` as a JSON merge patch (RFC 7386), and `end` ' +
        "before it closes. A key shows its own service, one marked `admin` all. What they hold is the page's affair, and may change.",
      security: KEY,
      parameters: parameters('RequestId'),
      responses: {
        200: {
          ...answer('The stream.', { type: 'string' }, undefined, 'text/event-stream'),
          headers: headers('X-Request-ID'),
        },
        ...errors(['unauthenticated', 'buffer_full', 'draining', 'internal']),
      },
    },
  },
  '/console/requests/{id}': {
    get: {
      tag: 'Console',
      operationId: 'getPassage',
      summary: 'One of the last requests: where its time went',
      description:
        "Of the last thousands that this process has answered, without texts. A key finds its own service's, one marked `admin` any.",
      security: KEY,
      parameters: [
        {
          name: 'id',
          in: 'path',
          required: true,
          description: 'The `X-Request-ID` of an answer.',
          schema: { type: 'string' },
          example: '7d0f8c1e-3a52-4d0b-9a3f-2b7c1de00001',
        },
        ...parameters('RequestId'),
      ],
      responses: {
        200: {
          ...answer('Its way.', { type: 'object', additionalProperties: true }),
          headers: headers('X-Request-ID'),
        },
        ...errors(['unauthenticated', 'unknown_route', 'internal']),
      },
    },
  },
  '/': {
    get: {
      tag: 'Console',
      operationId: 'getConsole',
      summary: 'The console: a page that shows what happens now',
      security: NOBODY,
      responses: file('text/html', 'The page.'),
    },
  },
};
