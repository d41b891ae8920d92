/** The classes of errors that the language has. An error comes back as one of them. */
export const ERROR_CLASSES = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
] as const;

/** All of them accept an empty list: one as its errors, the others as a message. */
type ErrorClass = new (errors: []) => Error;

const CLASSES: ReadonlyMap<string, ErrorClass> = new Map(
  ERROR_CLASSES.map((Class) => [Class.name, Class as unknown as ErrorClass]),
);

/** Properties that an error has without enumerating them. */
const HIDDEN = ['message', 'stack', 'cause', 'errors', 'name'];

/** What an error is made of. */
export interface ErrorParts {
  /** The nearest class of the language. */
  readonly type: string;
  /** Names of the properties that do not enumerate. */
  readonly hidden: readonly string[];
  /** Names of those that do. */
  readonly visible: readonly string[];
}

/** Takes an error to pieces. A name that it has from a class of an app's becomes its own. */
export function errorParts(error: Error): ErrorParts {
  const type = nearestClass(error);
  const own = HIDDEN.filter((key) => Object.hasOwn(error, key) && !isEnumerable(error, key));
  const isNamed = !Object.hasOwn(error, 'name') && error.name !== (CLASSES.get(type)!.prototype as Error).name;
  return { type, hidden: isNamed ? [...own, 'name'] : own, visible: Object.keys(error) };
}

/** An error without any property of its own, or undefined if there is no such class. */
export function bareError(type: unknown): Error | undefined {
  const Class = CLASSES.get(type as string);
  if (Class === undefined) return undefined;
  const error = new Class([]);
  for (const key of HIDDEN) Reflect.deleteProperty(error, key);
  return error;
}

function nearestClass(error: Error): string {
  for (let type: object | null = Object.getPrototypeOf(error); type !== null; type = Object.getPrototypeOf(type)) {
    const name: unknown = Object.hasOwn(type, 'constructor') ? type.constructor.name : undefined;
    if (typeof name === 'string' && CLASSES.has(name)) return name;
  }
  return 'Error';
}

function isEnumerable(value: object, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}
