import { Observable } from 'rxjs';

/**
 * What an Observable emits, all of it, once it completes.
 * @param seen hears each emission as it comes.
 * @param signal ends the subscription.
 */
export function collect(
  source: Observable<unknown>,
  seen: (value: unknown) => void,
  signal: AbortSignal,
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const values: unknown[] = [];
    const subscription = source.subscribe({
      next(value) {
        values.push(value);
        seen(value);
      },
      error: reject,
      complete: () => resolve(values),
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
 * An Observable that emits what `run` comes to: the values it passes on while it runs, or else all of them
 * at the end. Each subscription is one run; unsubscribing aborts its signal.
 */
export function replay(
  run: (pass: (value: unknown) => void, signal: AbortSignal) => Promise<unknown>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    let passed = false;
    const pass = (value: unknown): void => {
      passed = true;
      subscriber.next(value);
    };
    run(pass, controller.signal).then(
      (values) => {
        if (!passed) for (const value of values as unknown[]) subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => controller.abort(new Error('unsubscribed'));
  });
}
