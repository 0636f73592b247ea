/** An answer → the request's outcome, or why the answer is wrong. Pure. */

import { type Headers, queueMs, type Served, served, single } from './headers.ts';
import { checkMeta, checkRanking, type Question } from './ranking.ts';
import { checkRefusal, type Refused } from './refusal.ts';
import { insist, jsonObject, WrongAnswer } from './wrong.ts';

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Headers;
  readonly body: string;
}

export interface Asked extends Question {
  /** The X-Request-ID that was sent, in the form that the gateway keeps. */
  readonly requestId: string;
}

export type Judgement =
  | { readonly outcome: Served; readonly searchUnits: number; readonly queueMs: number }
  | Refused
  | { readonly outcome: 'wrong'; readonly reason: string }
  /** No answer came. @see Refused for `kind`, which is here what went wrong, like `ECONNRESET`. */
  | { readonly outcome: 'unanswered'; readonly kind: string };

export const judge = (answer: Answer, asked: Asked): Judgement => {
  try {
    return check(answer, asked);
  } catch (thrown) {
    if (thrown instanceof WrongAnswer) return { outcome: 'wrong', reason: thrown.message };
    throw thrown;
  }
};

const check = ({ status, headers, body: text }: Answer, asked: Asked): Judgement => {
  insist(/^application\/json\b/.test(single(headers, 'content-type')), 'the answer is no JSON');
  const requestId = single(headers, 'x-request-id');
  insist(requestId === asked.requestId, 'X-Request-ID is not the one that was sent');
  const body = jsonObject(text);
  if (status !== 200) return checkRefusal(status, headers, body, requestId);

  checkRanking(body, asked);
  const searchUnits = checkMeta(body);
  const outcome = served(headers);
  if (outcome === 'hit' || outcome === 'stale') {
    insist(searchUnits === 0, `a ${outcome} is billed ${searchUnits} search units`);
    insist(/^\d+$/.test(single(headers, 'age')), 'Age is no whole number');
  } else {
    insist(headers.age === undefined, `a ${outcome} has an Age`);
  }
  return { outcome, searchUnits, queueMs: queueMs(headers) };
};
