import type { ServerResponse } from 'node:http';
import type { OpenCall } from './calls.ts';
import { encoded, jsonReply, reset, send, sendHalf, sendPiecewise, sendSlowly } from './delivery.ts';
import type { Fault } from './faults.ts';
import { errorBody } from './refusal.ts';
import type { Accepted } from './routes.ts';

/** Heroku's router answers with a page when the application behind it fails. */
const ERROR_PAGE = '<!DOCTYPE html><html><body><h1>Application error</h1></body></html>';

/** An accepted call on its way to its end. */
export interface Delivery {
  readonly res: ServerResponse;
  readonly open: OpenCall;
  /** Sent with whatever is sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** The normal answer, only computed where it is needed. */
  readonly answer: Accepted['answer'];
}

/** Answers a call normally, or with the fault it got. */
export function perform(fault: Fault | undefined, { res, open, headers, answer }: Delivery): void {
  switch (fault?.kind) {
    case undefined:
      send(res, open, jsonReply(200, answer(), headers));
      break;
    case 'status': {
      const { status, message = 'A fault was asked for.', retryAfter, page } = fault;
      const all = { ...headers, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) };
      const reply =
        page === undefined
          ? jsonReply(status, errorBody(status, message), all)
          : { status, headers: { ...all, 'content-type': 'text/html' }, body: page };
      send(res, open, reply);
      break;
    }
    case 'hang':
      break;
    case 'reset':
      reset(res, open);
      break;
    case 'reset-midway':
      sendHalf(res, open, jsonReply(200, answer(), headers));
      break;
    case 'garbage': {
      const { body = ERROR_PAGE, contentType = 'text/html' } = fault;
      send(res, open, { status: 200, headers: { ...headers, 'content-type': contentType }, body });
      break;
    }
    case 'slow-body':
      sendSlowly(res, open, jsonReply(200, answer(), headers), fault.bytesPerSecond);
      break;
    case 'raw':
      send(res, open, { status: fault.status, headers: { ...headers, ...fault.headers }, body: fault.body });
      break;
    case 'encoded':
      send(res, open, encoded(jsonReply(200, answer(), headers), fault.encoding));
      break;
    case 'piecewise':
      sendPiecewise(res, open, jsonReply(200, answer(), headers));
      break;
    case 'first-score': {
      const reply = jsonReply(200, answer(), headers);
      const body = String(reply.body).replace(/("relevance_score":)[^,}]+/, `$1${fault.text}`);
      send(res, open, { ...reply, body });
      break;
    }
    case 'wrong-answer':
    case 'wrong-vectors':
      // A test asks for the one that its route answers.
      send(res, open, jsonReply(200, fault.make(answer() as never), headers));
      break;
  }
}
