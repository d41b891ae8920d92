import { afterAll, beforeAll, expect, it } from 'vitest';
import { keySlot } from '../../../../lib/stores/redis/connection/key-slot.js';
import { RedisConnection } from '../../../support/redis/redis-connection.js';
import { RedisServer } from '../../../support/redis/redis-server.js';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start({ args: ['--cluster-enabled', 'yes'] });
});

afterAll(() => server.stop());

it('is what the server says, for all kinds of keys', async () => {
  const connection = await RedisConnection.open(server);
  const braces = ['{a}b', 'x{a}b', '{}a', 'a{}', '{{a}}', '{a', 'a}', '}{a}', 'a{b}{c}', '{\u{1f338}}x', '{a\0}b'];
  const keys = [
    '',
    'a',
    '\0',
    '\u{1f338}',
    'ключ',
    'x'.repeat(10_000),
    ...braces,
    ...Array.from({ length: 300 }, (_, i) => `k${i * 7919}`),
  ];
  const expected = await Promise.all(keys.map((key) => connection.command('CLUSTER', 'KEYSLOT', key)));
  expect(keys.map(keySlot)).toEqual(expected);
  connection.close();
});
