/** Requests for users without a trace: three services whose questions repeat as in production. Pure. */

import type { ReplayRequest } from '../replay/corpus.ts';

const TOPICS = 'wing shock layer heat flow plate cone nozzle drag wave lift panel flutter creep rotor'.split(
  ' ',
);
const DOCUMENTS = 400;
/** The number of popular questions, which all services ask. */
const POPULAR = 12;

/** A service, and the times in a minute at which it sends its requests, milliseconds. */
interface Service {
  readonly client: string;
  readonly model: string;
  readonly requests: number;
  readonly firstAt: number;
  readonly everyMs: number;
  readonly documents: number;
  readonly topN: number | undefined;
  /** Share of its requests with a popular question. */
  readonly popular: number;
}

const COHERE = 'cohere-rerank-3-5';
const AMAZON = 'amazon-rerank-1-0';

/** A search and a chatbot send requests all the time; once a minute an evaluation sends more than there is room for. */
const SERVICES: readonly Service[] = [
  {
    ...{ client: 'search', model: COHERE, requests: 150, firstAt: 0, everyMs: 400 },
    ...{ documents: 40, topN: 10, popular: 0.7 },
  },
  {
    ...{ client: 'chatbot', model: AMAZON, requests: 40, firstAt: 0, everyMs: 1500 },
    ...{ documents: 15, topN: 3, popular: 0.5 },
  },
  {
    ...{ client: 'evaluation', model: COHERE, requests: 210, firstAt: 20_000, everyMs: 10 },
    ...{ documents: 25, topN: undefined, popular: 0 },
  },
];

export const MADE_UP_CLIENTS: readonly string[] = SERVICES.map(({ client }) => client);

const word = (number: number): string => TOPICS[number % TOPICS.length]!;

const documentText = (number: number): string =>
  `${word(number)} ${word(number * 7 + 3)} of the ${word(number * 11 + 5)} in the ${word(number * 13 + 1)}, part ${number}`;

/**
 * One minute of load, in order of time.
 * @param round each round has new questions besides the popular ones
 * @param random uniform in [0, 1)
 */
export const madeUpLoad = (round: number, random: () => number): ReplayRequest[] => {
  const below = (count: number): number => Math.floor(random() * count);
  const requestOf = (service: Service, at: number, serial: number): Omit<ReplayRequest, 'number'> => {
    const { client, model, documents, topN } = service;
    const popular = random() < service.popular;
    const question = popular ? below(POPULAR) : POPULAR + serial;
    const queryId = popular ? `popular-${question}` : `${client}-${round}-${serial}`;
    // A search finds the same documents for a popular question each time.
    const first = popular ? question * 31 : below(DOCUMENTS);
    return {
      at,
      client,
      model,
      queryId,
      query: `${word(question)} and ${word(question * 3 + 1)}, question ${queryId}`,
      documents: Array.from({ length: documents }, (_, i) => documentText((first + i) % DOCUMENTS)),
      topN,
    };
  };
  return SERVICES.flatMap((service) =>
    Array.from({ length: service.requests }, (_, i) =>
      requestOf(service, Math.floor(service.firstAt + (i + random()) * service.everyMs), i),
    ),
  )
    .sort((a, b) => a.at - b.at)
    .map((request, i) => ({ ...request, number: i + 1 }));
};
