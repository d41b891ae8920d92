import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks. */
const PAUSE = 20;

/**
 * Resolves when the condition holds; rejects when it has not for `patience` milliseconds. An error counts as no.
 *
 * @param what is waited for, for the message
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  patience = 10_000,
): Promise<void> {
  const deadline = Date.now() + patience;
  let reason: unknown;
  while (Date.now() < deadline) {
    try {
      if (await condition()) return;
    } catch (error) {
      reason = error;
    }
    await sleep(PAUSE);
  }
  throw new Error(`Not within ${patience} ms: ${what}`, { cause: reason });
}
