/**
 * `Expect: 100-continue` (RFC 9110 §10.1.1): a sender that waits for an invitation before it sends its body gets one when
 * the body is about to be read, and a final answer at once when it is not.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const invitations = new WeakMap<object, () => void>();

/** Without this, node invites every body before anybody has looked at its request. */
export const inviteLater = (server: Server): void => {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const keep = response.shouldKeepAlive;
    // Who is not invited may send the body all the same, or the next request: nobody could tell which it is.
    response.shouldKeepAlive = false;
    invitations.set(response, () => {
      response.shouldKeepAlive = keep;
      response.writeContinue();
    });
    server.emit('request', request, response);
  });
};

/** Asks for the body of a request that waits for that; nothing for others. */
export const invite = (response: object | undefined): void => {
  if (response !== undefined) invitations.get(response)?.();
};
