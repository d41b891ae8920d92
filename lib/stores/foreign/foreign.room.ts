import type { Codec } from '../../codec/codec.js';
import type { Sealer } from '../../codec/sealer.js';
import type { CacheEvents } from '../../events/cache-events.js';
import type { Clock } from '../../support/clock.js';
import type { ForeignKind } from './foreign.backend.js';
import type { Names } from './names.js';
import type { Stamps } from './stamps.js';
import type { Wire } from './wire.js';

/** What all namespaces in one store share. */
export interface ForeignRoom {
  readonly kind: ForeignKind;
  readonly wire: Wire;
  /** Whether nobody else uses the store; undefined: if it is known to live in this process. */
  readonly exclusive: boolean | undefined;
  /** Comes before the names of namespaces where an encrypted value is bound to its place. */
  readonly scope: string;
  readonly names: Names;
  readonly stamps: Stamps;
  readonly codec: Codec;
  readonly sealer: Sealer;
  /** Of a value, serialised. */
  readonly maxBytes: number;
  readonly events: CacheEvents;
  readonly clock: Clock;
}
