/** What the stand-in has been asked for. Streams are in `calls` alone, as their tokens are not told to who asked. */
export class Bill {
  calls = 0;
  failedCalls = 0;
  promptTokens = 0;
  completionTokens = 0;
}

/** How the stand-in behaves: as usual, slowly, or not at all. */
export type Mode = 'up' | 'slow' | 'down';

export const MODES: readonly Mode[] = ['up', 'slow', 'down'];
