import { expect, it } from 'vitest';
import { CacheBackendError } from '../../../../lib/errors/cache.errors.js';
import { isServerAnswer, ServerError } from '../../../../lib/stores/redis/connection/server-error.js';

it.each([
  ['MOVED 866 10.0.0.1:6379', 'MOVED', ['866', '10.0.0.1:6379']],
  ["NOPERM User alice has no permissions to run the 'get' command", 'NOPERM', undefined],
  ['ERR unknown command `X`, with args beginning with: `secret key`', 'ERR', undefined],
  ['LOADING Redis is loading the dataset in memory', 'LOADING', undefined],
  ['OOM', 'OOM', []],
])('%s', (message, reply, details) => {
  const error = new ServerError(message);
  expect(error).toBeInstanceOf(CacheBackendError);
  expect(error).toMatchObject({ name: 'CacheBackendError', reply, timedOut: false });
  if (details !== undefined) expect(error.details).toEqual(details);
  // What follows the code may name users, keys and addresses.
  expect(error.message).toMatch(new RegExp(`^the Redis server refuses: ${reply}(, [a-z ]+)?$`));
});

it('is told apart from what a client itself has to say', () => {
  for (const said of ['ERR x', 'WRONGTYPE Operation', 'NOAUTH Authentication required.', 'OOM']) {
    expect(isServerAnswer(new Error(said))).toBe(true);
  }
  for (const said of [
    'Socket closed unexpectedly',
    'connect ECONNREFUSED 127.0.0.1:1',
    'The client is closed',
    '',
    'I am',
  ]) {
    expect(isServerAnswer(new Error(said))).toBe(false);
  }
  expect(isServerAnswer('ERR x')).toBe(false);
});
