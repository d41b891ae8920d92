/** Resolves when every promise that waits for nothing but other promises has settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
