/** A command as it is sent: its name, and its arguments. */
export type Command = readonly (string | Buffer)[];

/** What a server answers; texts and values as bytes. */
export type Reply = Buffer | string | number | bigint | boolean | null | readonly Reply[];

/** The part of a client of `@redis/client` (5 or 6) that is used here. */
export interface RedisClient {
  connect(): Promise<unknown>;
  sendCommand(command: Command, options?: object): Promise<unknown>;
  on(event: string, listener: (...about: never[]) => void): unknown;
  destroy(): void;
}

/** How one connection is made. */
export interface ClientOptions {
  readonly socket: object;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
}

/** What a connection is to be able to do: tracking asks for RESP3. */
export interface Protocol {
  readonly RESP: 2 | 3;
  readonly tracking: boolean;
}

/** Makes a client for one connection, not connected yet. It never connects again by itself. */
export type ClientMaker = (protocol: Protocol, connectTimeout: number) => RedisClient;

/**
 * The options of every client made here: no queue while there is no connection, no timers per command (one for
 * each connection does the same for less), no attempt to connect again behind our back.
 */
export function oneConnection({ RESP, tracking }: Protocol): object {
  return {
    RESP,
    emitInvalidate: tracking,
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 },
    maintNotifications: 'disabled',
    clientSideCache: undefined,
    keyPrefix: undefined,
    url: undefined,
  };
}
