import { Observable } from 'rxjs';

/** Marks what an Observable emitted, where that is not exactly one value. */
const MANY = '~emissions';

/** What is stored of an Observable: its one emission, as of a Promise; else all of them under a mark. */
function storedOf(values: readonly unknown[]): unknown {
  return values.length === 1 && !isMany(values[0]) ? values[0] : { [MANY]: values };
}

/** The emissions a stored value stands for. */
export function emissionsOf(stored: unknown): readonly unknown[] {
  return isMany(stored) ? stored[MANY] : [stored];
}

function isMany(value: unknown): value is { readonly [MANY]: readonly unknown[] } {
  return typeof value === 'object' && value !== null && Array.isArray((value as Record<string, unknown>)[MANY]);
}

/** Who follows the subscription to a source. */
export interface Follower {
  /** Hears each emission as it comes. */
  next(value: unknown): void;
  /** Hears that there are no more. */
  complete(): void;
  /** Hears that there are no more because of this. */
  error(error: unknown): void;
}

/** What an Observable emits, all of it, once it completes. The signal ends the subscription. */
export function collect(source: Observable<unknown>, follower: Follower, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const values: unknown[] = [];
    const subscription = source.subscribe({
      next(value) {
        values.push(value);
        follower.next(value);
      },
      error(error: unknown) {
        follower.error(error);
        reject(error);
      },
      complete() {
        follower.complete();
        resolve(storedOf(values));
      },
    });
    const stop = (): void => {
      subscription.unsubscribe();
      reject(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/**
 * An Observable that emits what `run` comes to: the values that its follower hears of while it runs, or else
 * all of them at the end. Each subscription is one run; unsubscribing aborts its signal. Whoever has begun to follow
 * goes on to the end, also where `run` has come to an older answer meanwhile.
 */
export function replay(run: (follower: Follower, signal: AbortSignal) => Promise<unknown>): Observable<unknown> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    let passed = false;
    let completed = false;
    let following = false;
    const follower: Follower = {
      next(value: unknown): void {
        passed = true;
        subscriber.next(value);
      },
      complete(): void {
        completed = true;
        if (following) subscriber.complete();
      },
      error: (error) => following && subscriber.error(error),
    };
    run(follower, controller.signal).then(
      (values) => {
        following = passed && !completed;
        if (following) return;
        completed = true;
        if (!passed) for (const value of emissionsOf(values)) subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    // Whoever takes one value leaves before a source that has no more has said so.
    return () => queueMicrotask(() => completed || controller.abort(new Error('unsubscribed')));
  });
}
