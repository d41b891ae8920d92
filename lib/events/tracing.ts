import type { Awaitable } from '../support/awaitable.js';

/** A load that begins. */
export interface LoadCall {
  readonly namespace: string;
  /** `getOrSet`, … or the `Class.method` of a decorated call. */
  readonly operation: string;
  /** One for a load of its own, all of those that are loaded together otherwise. Never shown unless that is asked for. */
  readonly keys: readonly string[];
}

/** An operation that a backend is asked for. */
export interface BackendCall {
  readonly place: BackendPlace;
  /** `read`, `write`, `lease`, `commit`, … */
  readonly operation: string;
  /** Undefined where it is about all of them. */
  readonly namespace: string | undefined;
  /** Those it names; none for a clear, say. Never shown unless that is asked for. */
  readonly keys: readonly string[];
}

/** Which backend a cache has, and where, as far as that is one place. */
export interface BackendPlace {
  /** `redis`, `file`, `keyv` or `cache-manager`. */
  readonly name: string;
  /** A host, or the path of a socket. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
}

/** What has loads and calls of the backend run inside of something of its own, such as a span. It answers as `run` does. */
export interface CallTracer {
  load<T>(call: LoadCall, run: () => Promise<T>): Promise<T>;
  backend<T>(call: BackendCall, run: () => Awaitable<T>): Awaitable<T>;
}

/** The place of one cache for a tracer. Without one, tracing costs one look at this. */
export class Tracing {
  tracer: CallTracer | undefined;
}
