import type { RedisBackend } from './redis.backend.js';
import { AWAITED } from './scripts.js';

/** Milliseconds between two looks at a lease where the server announces its end, and where it does not. */
const SAFETY = 500;
const FIRST_LOOK = 2;
const LAST_LOOK = 50;

/** A lease of somebody else. */
export interface Awaited {
  /** Its key on the server. */
  readonly name: string;
  readonly token: Buffer;
  /** Milliseconds until its holder may be taken for dead. */
  readonly left: number;
  /** Keys of the stamps that it depends on. */
  readonly stampNames: readonly string[];
  /** Whether the stamps are what they were. */
  areValid(): Promise<boolean>;
}

/**
 * Resolves when a lease is over or void, as far as one can see, or its deadline has come: then it is worth asking for it
 * again. Never rejects.
 */
export async function waitForChange(backend: RedisBackend, lease: Awaited): Promise<void> {
  const { commands, tracking } = backend;
  const { name, token, left, stampNames } = lease;
  const end = performance.now() + left;
  let wake = (): void => {};
  const stops = [name, ...stampNames].map((one) => tracking.onChange(one, () => wake()));
  let pause = FIRST_LOOK;
  try {
    while (performance.now() < end) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const [{ watch }, held, valid] = await Promise.all([
        commands.read(name, true),
        commands.run(AWAITED, [name], [token]),
        lease.areValid(),
      ]);
      if (held !== 1 || !valid) return;
      const announced = watch?.isTold === true;
      await Promise.race([woken, sleep(Math.min(announced ? SAFETY : pause, end - performance.now()))]);
      pause = Math.min(pause * 2, LAST_LOOK);
    }
  } catch {
    // A backend that fails is for those who ask it again to find out.
  } finally {
    for (const stop of stops) stop();
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(milliseconds, 0)));
}
