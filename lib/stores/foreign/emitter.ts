type Listener = (error: unknown) => void;

/** What announces its failures as events: an `EventEmitter` of whatever make. */
export interface Emitter {
  on(event: 'error', listener: Listener): unknown;
  off(event: 'error', listener: Listener): unknown;
}

/** Those of `candidates` that announce failures. */
export function emitters(candidates: readonly unknown[]): Emitter[] {
  return [...new Set(candidates)].filter(isEmitter);
}

/**
 * Listens to the errors of all of them. An emitter that nobody listens to may throw where it announces a failure, and
 * that ends the process.
 */
export function listenToErrors(sources: readonly Emitter[], listener: Listener): () => void {
  for (const source of sources) source.on('error', listener);
  return () => {
    for (const source of sources) source.off('error', listener);
  };
}

function isEmitter(candidate: unknown): candidate is Emitter {
  return hasMethods(candidate, ['on', 'off']);
}

/** Whether `candidate` is an object with functions of these names. */
export function hasMethods(candidate: unknown, names: readonly string[]): candidate is Record<string, unknown> {
  if (typeof candidate !== 'object' || candidate === null) return false;
  return names.every((name) => typeof (candidate as Record<string, unknown>)[name] === 'function');
}
