/** How many parts a span is waited for in. */
const PARTS = 8;

/**
 * Calls `onLate` after so many milliseconds, and returns what prevents it. They are waited for in parts, so that a pause of
 * this process, in which answers may arrive and cannot be read, counts for one part and not for all of them.
 */
export function impatiently(milliseconds: number, onLate: () => void): () => void {
  let left = PARTS;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    onLate();
  }, milliseconds / PARTS).unref();
  return () => clearInterval(timer);
}
