/**
 * What the queue asks of Redis besides BullMQ's jobs: the writes that wait, by key. Each script is one atomic step.
 *
 * - `<root>waiting`, sorted set: the id of each write that has not reached the source, by when it was accepted
 * - `<root>known`, set: the keys that have such writes, as their digests
 * - `<root>unsaid`, sorted set: the jobs that BullMQ may not have been told of yet, by when they became due
 * - `<root>w:<key>`, list: the writes of one key, oldest first: id, tokens and body, a line each
 * - `<root>k:<key>`, hash: `e`, the episode that the job of the key belongs to; `h`, how many writes it was handed
 *
 * An episode is one job: it is handed some writes of its key, the same ones at each attempt, and ends when they have
 * been dealt with. Only then may the next one begin, so that no write overtakes another one of its key.
 */
export const SCRIPTS = {
  /**
   * Takes a write on. Refuses from the deadline on: who asked has been told by then that it was not taken on.
   * A token that is known was taken on before, and its answer was lost.
   */
  accept: lua(`
    local key, id, token, accepted, body = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
    local expected, episode, most, deadline = ARGV[7], ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
    local record, list = root .. 'k:' .. key, root .. 'w:' .. key
    if now >= deadline then return {'late', now} end
    local length = redis.call('LLEN', list)
    local tail, tailId, tokens, tailBody
    if length > 0 then
      tail = redis.call('LINDEX', list, -1)
      tailId, tokens, tailBody = string.match(tail, '^([^\\n]*)\\n([^\\n]*)\\n(.*)$')
      if string.find(tokens, token, 1, true) then return {'taken', now, ''} end
    end
    local waits = length > (tonumber(redis.call('HGET', record, 'h')) or 0)
    if expected ~= 'append' then
      if waits then
        local last = string.match(tokens, '^[^,]*')
        if last ~= expected then return {'merge', now, last, tailId, tailBody} end
        redis.call('LSET', list, -1, tailId .. '\\n' .. string.sub(token .. ',' .. tokens, 1, 400) .. '\\n' .. body)
        return {'taken', now, ''}
      elseif expected ~= 'none' then
        return {'gone', now}
      end
    end
    if redis.call('ZCARD', waiting) >= most then return {'full', now} end
    redis.call('RPUSH', list, id .. '\\n' .. token .. '\\n' .. body)
    redis.call('ZADD', waiting, accepted, id)
    if redis.call('HSETNX', record, 'e', episode) == 0 then return {'taken', now, ''} end
    redis.call('SADD', known, key)
    redis.call('ZADD', unsaid, now, key .. '-' .. episode)
    return {'taken', now, episode}
  `),
  /** Hands out the writes of jobs: nothing where the episode has ended. */
  take: lua(`
    local left, jobs, taken = tonumber(ARGV[2]), (#ARGV - 2) / 2, {}
    for i = 1, jobs do
      local key, episode = ARGV[1 + 2 * i], ARGV[2 + 2 * i]
      local record, list = root .. 'k:' .. key, root .. 'w:' .. key
      local state = redis.call('HMGET', record, 'e', 'h')
      taken[i] = {}
      if state[1] == episode then
        local handed = tonumber(state[2] or '0')
        if handed == 0 then
          handed = math.min(math.max(1, left - (jobs - i)), redis.call('LLEN', list))
          redis.call('HSET', record, 'h', handed)
        end
        left = left - handed
        taken[i] = redis.call('LRANGE', list, 0, handed - 1)
      end
    end
    return taken
  `),
  /** Ends episodes whose writes have been dealt with; gives those that follow, '' for none. */
  settle: lua(`
    local at, following = 2, {}
    while at <= #ARGV do
      local key, episode, nextEpisode, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
      local record, list = root .. 'k:' .. key, root .. 'w:' .. key
      local says = ''
      if redis.call('HGET', record, 'e') == episode then
        redis.call('LTRIM', list, count, -1)
        for i = 1, count do redis.call('ZREM', waiting, ARGV[at + 3 + i]) end
        if redis.call('EXISTS', list) == 0 then
          redis.call('DEL', record)
          redis.call('SREM', known, key)
        else
          redis.call('HSET', record, 'e', nextEpisode, 'h', 0)
          redis.call('ZADD', unsaid, now, key .. '-' .. nextEpisode)
          says = nextEpisode
        end
      end
      following[#following + 1] = says
      at = at + 4 + count
    end
    return following
  `),
  /** The time, how many writes wait, and when the oldest was accepted. */
  look: lua(`return {now, redis.call('ZCARD', waiting), redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2] or ''}`),
  /** Which of some ids do not wait any more. */
  gone: lua(`
    local gone = {}
    for i = 2, #ARGV do
      if not redis.call('ZSCORE', waiting, ARGV[i]) then gone[#gone + 1] = ARGV[i] end
    end
    return gone
  `),
  /** Some of the keys, from a cursor on: the next cursor, and of each its digest and episode. */
  page: lua(`
    local page = redis.call('SSCAN', known, ARGV[2], 'COUNT', 100)
    local found = {}
    for _, key in ipairs(page[2]) do
      local episode = redis.call('HGET', root .. 'k:' .. key, 'e')
      if episode then found[#found + 1] = {key, episode} end
    end
    return {page[1], found}
  `),
  /** Jobs that have been due for as long as given, and may be unknown to BullMQ. */
  unsaid: lua(`return redis.call('ZRANGEBYSCORE', unsaid, '-inf', now - tonumber(ARGV[2]), 'LIMIT', 0, 500)`),
  /** BullMQ knows them. */
  said: lua(`
    for i = 2, #ARGV do redis.call('ZREM', unsaid, ARGV[i]) end
    return 0
  `),
} as const;

export type ScriptName = keyof typeof SCRIPTS;

function lua(body: string): string {
  return `
    local waiting, known, unsaid, root = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
    local clock = redis.call('TIME')
    local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
    ${body}`;
}
