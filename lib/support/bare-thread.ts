/** Flags of the process that are for its threads, too: what is to be said of features that are new to Node. */
const QUIET = /^--(?:no-warnings|disable-warning)(?:=|$)/;

/**
 * How the cache starts a thread: without what the application has loaded before itself (`--import`, `--require`, `NODE_OPTIONS`). That
 * would run once more there, and take the port of an exporter, say.
 */
export function bareThread(): { readonly execArgv: string[]; readonly env: Record<string, string> } {
  return { execArgv: process.execArgv.filter((flag) => QUIET.test(flag)), env: {} };
}
