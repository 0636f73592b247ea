/** Reads a stream of the console, event by event. */

export interface Event {
  readonly event: string;
  readonly data: Record<string, never> & { reason?: string };
}

export const eventsOf = (body: ReadableStream<Uint8Array>) => {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    /** The next one; undefined when there is none any more. */
    async next(): Promise<Event | undefined> {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
          text = text.slice(end + 2);
          return { event, data: JSON.parse(data) };
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
      }
    },
    leave: () => reader.cancel(),
  };
};
