/**
 * A wait in whole seconds, never less than it is. Rounded to the millisecond first: a moment and a minute, less that moment, may be
 * a hair more than a minute.
 */
export const wholeSeconds = (ms: number): number => Math.ceil(Math.round(ms) / 1000);
