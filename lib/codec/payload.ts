/** Where an entry lives. Encrypted bytes are bound to it: moved elsewhere they are unreadable. */
export interface Place {
  readonly namespace: string;
  readonly key: string;
}

/** A serialised value, not yet compressed or encrypted. */
export interface Payload {
  /** One of {@link FORMATS}; kept in the frame, so that a reader knows how to parse. */
  readonly format: number;
  /** Below 4 kB they may be a view of a larger, shared buffer. */
  readonly bytes: Uint8Array;
}

/** The payload that ends where these bytes end. */
export interface ContainedPayload {
  readonly format: number;
  readonly bytes: Uint8Array;
  /** Where it begins. */
  readonly from: number;
}

/** How values are serialised. A number, once released, never changes its meaning. */
export const FORMATS = {
  /** UTF-8 JSON, for what is provably plain. */
  json: 1,
  /** The flat text of `rich/`, followed by binary data as it is. */
  rich: 2,
  /** UTF-8, for a text by itself: a tenth of the work that JSON makes of it. */
  text: 3,
} as const;
