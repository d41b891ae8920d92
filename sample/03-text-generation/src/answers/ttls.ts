import type { DurationText } from 'nestjs-blossom-cache';

/** For how long an answer is worth repeating. A model does not change; what it is asked about does. */
export const TTL = {
  chat: '1h',
  classification: '7d',
  /** The same text has the same vector for as long as the model has its name. */
  embedding: '30d',
} as const satisfies Record<string, DurationText>;
