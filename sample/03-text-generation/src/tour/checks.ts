import type { Visit } from './visitor.js';

/** What a step promises, in words, and whether it came so. */
export interface Check {
  readonly promise: string;
  readonly holds: (visit: Visit) => boolean;
}

/** One call to the API. Whoever has come along with another one shares it. */
export const miss: Check = {
  promise: 'MISS, one call',
  holds: ({ xCache, calls, status }) => status === 200 && xCache === 'MISS' && calls === 1,
};

export const hit: Check = {
  promise: 'HIT, no call',
  holds: ({ xCache, calls, status }) => status === 200 && xCache === 'HIT' && calls === 0,
};

export const hitFasterThan = (first: Visit): Check => ({
  promise: 'HIT, no call, in a fraction of the time',
  holds: (visit) => hit.holds(visit) && visit.ms < first.ms / 2,
});

export const bypass: Check = {
  promise: 'BYPASS, one call',
  holds: ({ xCache, calls, status }) => status === 200 && xCache === 'BYPASS' && calls === 1,
};

export const oneCallForAll: Check = {
  promise: 'several MISS, one call',
  holds: ({ xCache, calls, status }) => status === 200 && /([2-9]|\d\d) MISS/.test(xCache) && calls === 1,
};

export const fewerTokensThan = (first: Visit): Check => ({
  promise: 'MISS, one call, for the new one alone',
  holds: (visit) => miss.holds(visit) && visit.tokens < first.tokens,
});

export const streamed: Check = {
  promise: 'BYPASS, one call, events to the end',
  holds: (visit) => bypass.holds(visit) && visit.text.startsWith('data: ') && visit.text.includes('data: [DONE]'),
};

export const failure = (status: number): Check => ({
  promise: `status ${status}, one call`,
  holds: (visit) => visit.status === status && visit.xCache === '' && visit.calls === 1,
});

export const refusal: Check = {
  promise: 'status 400 or 404, one call',
  holds: ({ status, xCache, calls }) => (status === 400 || status === 404) && xCache === '' && calls === 1,
};

/** @param first what was answered when it was new */
export const stale = (calls: number, first: Visit): Check => ({
  promise: `STALE, ${calls === 0 ? 'no' : 'one'} call, the answer as it was`,
  holds: (visit) => visit.xCache === 'STALE' && visit.calls === calls && visit.text === first.text,
});

export const done: Check = {
  promise: 'done, no call',
  holds: ({ status, calls }) => status === 204 && calls === 0,
};
