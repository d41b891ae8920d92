import type { Visit } from './visitor.js';

/** What a step promises, in words, and whether it came so. */
export interface Check {
  promise: string;
  holds: (visit: Visit) => boolean;
}

/** Nothing cached it, one query answered. */
export const miss: Check = {
  promise: 'X-Cache MISS and one SQL query',
  holds: ({ xCache, sqlQueries }) => xCache === 'MISS' && sqlQueries === 1,
};

export const hit: Check = {
  promise: 'X-Cache HIT and no SQL query',
  holds: ({ xCache, sqlQueries }) => xCache === 'HIT' && sqlQueries === 0,
};

/** The response is not cached, the query's result is. */
export const bypass: Check = {
  promise: 'X-Cache BYPASS and no SQL query',
  holds: ({ xCache, sqlQueries }) => xCache === 'BYPASS' && sqlQueries === 0,
};

/** Many at once: several miss, and those that come after the load are hits. */
export const oneLoad: Check = {
  promise: 'more than one MISS and one SQL query for all',
  holds: ({ xCache, sqlQueries }) => /([2-9]|\d\d) MISS/.test(xCache) && sqlQueries === 1,
};

/** A city looked up and updated. */
export const change: Check = {
  promise: 'one or two SQL queries',
  holds: ({ sqlQueries }) => sqlQueries === 1 || sqlQueries === 2,
};

/** Two cities updated in one transaction, that are looked up in it. */
export const transaction: Check = {
  promise: 'one to four SQL queries',
  holds: ({ sqlQueries }) => sqlQueries >= 1 && sqlQueries <= 4,
};

/** With the cache off, whatever the step is about. */
export const uncached: Check = {
  promise: 'no X-Cache HIT and at least one SQL query, with the cache off',
  holds: ({ xCache, sqlQueries }) => !xCache.includes('HIT') && sqlQueries > 0,
};
