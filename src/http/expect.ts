/**
 * `Expect: 100-continue` (RFC 9110 §10.1.1): a sender that waits for an invitation before it sends its body gets one when
 * the body is about to be read, and a final answer at once when it is not.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const invitations = new WeakMap<object, () => void>();

/** Without this, node invites every body before the request was looked at. */
export const inviteLater = (server: Server): void => {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const keep = response.shouldKeepAlive;
    // A sender without an invitation may send the body all the same, or the next request: they cannot be told apart.
    response.shouldKeepAlive = false;
    invitations.set(response, () => {
      response.shouldKeepAlive = keep;
      response.writeContinue();
    });
    server.emit('request', request, response);
  });
};

/** Invites the body of a request that waits for it; does nothing for others. */
export const invite = (response: object | undefined): void => {
  if (response !== undefined) invitations.get(response)?.();
};
