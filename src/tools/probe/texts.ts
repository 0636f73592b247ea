/** The texts that are sent upstream: written for the probe, so that no documents of users are sent. */

export interface Question {
  readonly query: string;
  /** From one that answers the question to one that does not at all. */
  readonly documents: readonly string[];
}

export const FIRST: Question = {
  query: 'How long should black tea steep, and in how hot water?',
  documents: [
    'Black tea steeps for three to five minutes in water just off the boil, at about 95 °C.',
    'Pour hot water over the leaves, wait, and take them out before the cup turns bitter.',
    'Green tea wants cooler water, 70 to 80 °C, and no more than two minutes.',
    'How long tea should steep depends on the leaf: broken leaves give up their colour sooner than whole ones.',
    'A kettle of cast iron keeps water hot for half an hour.',
    'The harbour froze in January, and ferries stayed at their piers until the thaw.',
    'Tea was carried overland for centuries before ships took over the trade.',
    'Minutes of the meeting: the budget was agreed, black ink at last.',
  ],
};

export const SECOND: Question = {
  query: 'Welche Bäume vertragen im Sommer lange Trockenheit?',
  documents: [
    'Kiefern und Eichen wurzeln tief und vertragen auch einen trockenen Sommer, Fichten dagegen nicht.',
    'Drought kills young spruces first; oaks and pines, with deeper roots, often live through it.',
    'Ein Baum verdunstet an einem heißen Tag mehrere hundert Liter Wasser.',
    'Im Herbst wirft die Buche ihr Laub ab, im Winter ruht sie.',
    'Die Straßenbahn fährt sonntags nur alle zwanzig Minuten.',
    'Summer timetables begin in June and end with the school holidays.',
  ],
};

/** Companions for either question: some near the first one, some near the second, some near none. */
export const COMPANIONS: readonly string[] = [
  'Steep black tea in boiling water for four minutes; longer makes it stronger, not better.',
  'Water for tea should be fresh: twice boiled, it tastes flat.',
  'How hot is hot? A drop on the wrist tells a cook more than a thermometer.',
  'Trockene Sommer setzen vor allem flach wurzelnden Bäumen zu.',
  'Long dry spells favour trees that close their leaves at noon.',
  'The committee adjourned without a vote.',
  'A violin string of gut goes out of tune when the air is damp.',
  'Black, long, hot: words that a lexical score would fall for.',
  'Two thirds of the parcels arrive the next morning.',
  'Copper roofs turn green in a few decades.',
  'Chess clocks were once sandglasses.',
  'She learned to read from seed catalogues.',
];

const SUBJECTS = ['The ferry', 'A lamp', 'The old mill', 'Rain', 'The archive', 'A fox', 'The choir'];
const VERBS = ['crosses', 'lights', 'passes', 'reaches', 'remembers', 'follows'];
const OBJECTS = [
  'the lower harbour',
  'a field of barley',
  'the north stairs',
  'every second page',
  'the quay',
];

/** A text for every number, unrelated to either question. */
export const filler = (number: number): string =>
  `${SUBJECTS[number % 7]} ${VERBS[number % 6]} ${OBJECTS[number % 5]}, as on day ${number + 1}.`;

/** About 3,000 tokens at four characters each. */
export const LONG: string = Array.from({ length: 210 }, (_, number) => filler(number)).join(' ');
