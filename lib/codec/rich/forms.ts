/**
 * How the rich text has what JSON has no form for: as an array with one of these first. Once released, a form never
 * changes its meaning. Objects are numbered in the order in which their forms begin; those of primitives have no number.
 */
export const FORMS = {
  /** The number of an object that was there before. */
  reference: '$r',
  undefined: '$u',
  /** `NaN`, `Infinity`, `-Infinity` or `-0`. */
  number: '$n',
  /** Digits in hexadecimal: reading a million decimal ones would take a hundred times as long. */
  bigint: '$i',
  /** The items of an array that begins with a text which would look like a form. */
  list: '$a',
  /** Length, then places and items in turn; for an array with holes. */
  sparse: '$h',
  /** Whether it has a prototype, then keys and values in turn; for what has none, or a key `__proto__`. */
  record: '$o',
  /** Keys and values in turn. */
  map: '$m',
  /** The items. */
  set: '$s',
  /** Milliseconds since the epoch; null for an invalid one. */
  date: '$d',
  /** Source and flags. */
  regexp: '$x',
  /** The address. */
  url: '$l',
  /** The query. */
  query: '$q',
  /** The primitive. */
  boxed: '$w',
  /** The class of the language, how many properties do not enumerate, then names and values, those first. */
  error: '$e',
  /** The kind, where among the binary data its bytes begin, and how many they are. */
  binary: '$b',
  /** The name of a registered type, and what its `encode` gave. */
  type: '$t',
} as const;

/** One of {@link FORMS}. */
export type Form = (typeof FORMS)[keyof typeof FORMS];

/** What a text begins with that could be a form. */
export const ESCAPE = '$';
