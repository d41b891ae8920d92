/**
 * Empties lists that are of no use any more. V8 takes a list that is made over and over for a long-lived one as soon as many of
 * them were needed for long at once, and frees it only when it collects everything: until then it would keep all that is in it.
 */
export function letGo(...lists: unknown[][]): void {
  for (const list of lists) list.length = 0;
}
