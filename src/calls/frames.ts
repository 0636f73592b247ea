/** Where an unforeseen error was thrown. Its message is left out: it may quote a query or a document. */
export const framesOf = (cause: unknown): string[] | undefined => {
  if (!(cause instanceof Error)) return undefined;
  const { name, message, stack = '' } = cause;
  // The stack begins with the message, whose lines may look like frames.
  const header = stack.indexOf(message);
  const frames = header < 0 ? [] : stack.slice(header + message.length).split('\n');
  return [name, ...frames.filter((line) => /^\s+at /.test(line)).slice(0, 8)];
};
