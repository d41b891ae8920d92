/** Only ASCII: names of models are in tags, and why an answer was not cached may be told in a header. */
export function isModelName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.:/@-]{1,128}$/.test(value);
}
