import type { ConnectionOptions } from 'node:tls';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Who the cache is to the server; nobody where both are left out. */
export interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** Which server keeps the entries, and how it is reached. With `tls` undefined a connection is not encrypted. */
export type RedisPlace =
  | {
      readonly kind: 'single';
      readonly address: Address | { readonly path: string };
      readonly login: Login;
      readonly tls: ConnectionOptions | undefined;
      readonly database: number;
    }
  | {
      readonly kind: 'cluster';
      readonly nodes: readonly Address[];
      readonly login: Login;
      readonly tls: ConnectionOptions | undefined;
      /** Where nodes are reached that announce other addresses; node-redis calls it `nodeAddressMap`. */
      readonly natMap?: Readonly<Record<string, Address>> | undefined;
    }
  | {
      readonly kind: 'sentinel';
      /** What the sentinels call the master. */
      readonly name: string;
      readonly sentinels: readonly Address[];
      readonly sentinelLogin: Login;
      readonly sentinelTls: ConnectionOptions | undefined;
      readonly login: Login;
      readonly tls: ConnectionOptions | undefined;
      readonly database: number;
    }
  | {
      readonly kind: 'client';
      /** The application's own, of node-redis or ioredis: closing the cache leaves it open. */
      readonly client: object;
    };

/** What a Redis store is made from. */
export interface RedisStoreOptions {
  readonly place: RedisPlace;
  /** Comes before every key and tag; `''` for none. */
  readonly prefix: string;
  /** Likewise. */
  readonly version: string;
  /** Milliseconds for which an operation waits for the server. Default: 500. */
  readonly commandTimeout: number;
  /** Bytes of an entry at most, value and what goes with it. */
  readonly maxBytes: number;
  /** Whether entries are to be tracked for a near cache, or the stamps of tags and namespaces alone. */
  readonly near: boolean;
  /** Milliseconds for which a near entry is served without having heard from the server. Default: 1000. */
  readonly maxStaleness: number;
}
