import { expect, test } from 'vitest';
import { Canceller } from '../../src/calls/cancellation.ts';
import { RerankError } from '../../src/calls/errors.ts';

test('who listens hears of a cancellation once, with its first reason, unless they have left', () => {
  const canceller = new Canceller();
  const heard: string[] = [];
  const listen = (name: string): (() => void) => {
    const listener = (): void => void heard.push(`${name} ${canceller.reason.kind}`);
    canceller.addEventListener('abort', listener);
    return listener;
  };
  listen('one');
  const left = listen('two');
  canceller.removeEventListener('abort', left);
  listen('three');
  canceller.throwIfAborted();
  canceller.abort(new RerankError('client_gone'));
  canceller.abort(new RerankError('deadline'));
  expect(heard).toEqual(['one client_gone', 'three client_gone']);
  expect(canceller.aborted).toBe(true);
  expect(() => canceller.throwIfAborted()).toThrow(canceller.reason);
});

test('a listener that leaves while others are told still hears of it at most once', () => {
  const canceller = new Canceller();
  let told = 0;
  const listener = (): void => {
    told++;
    canceller.removeEventListener('abort', listener);
    canceller.abort(new RerankError('deadline'));
  };
  canceller.addEventListener('abort', listener);
  canceller.abort(new RerankError('client_gone'));
  expect(told).toBe(1);
});
