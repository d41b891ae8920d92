import { CacheMonitor } from './cache-monitor.js';

/** The token of the monitor of a named cache; without a name, that of the default cache. */
export function monitorToken(name?: string): symbol | typeof CacheMonitor {
  return name === undefined
    ? CacheMonitor
    : Symbol.for(`the monitor of BlossomCacheModule.forRoot({ name: '${name}' }), which must be imported`);
}
