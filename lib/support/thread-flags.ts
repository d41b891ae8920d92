/**
 * What a thread of the cache is started with: the flags of the process, which may be what finds its modules (`--require
 * .pnp.cjs`), but for one that is about a program given as text and keeps a thread from starting.
 */
export function threadFlags(): string[] {
  return process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
}
