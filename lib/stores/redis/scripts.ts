import { createHash } from 'node:crypto';
import type { ReplyShape } from './connection/reply-shape.js';

/** A script that runs on the server, atomically. */
export interface Script {
  readonly text: string;
  readonly sha: string;
  readonly answers: ReplyShape;
}

/**
 * What all scripts begin with. `record` is what is stored under a key, false where there is nothing or nothing that
 * was written by a store like this; the rest read its parts (see `record.ts`). Offsets count from 1.
 */
const PRELUDE = `
local function record(key)
  local v = redis.pcall('GET', key)
  if type(v) ~= 'string' or #v < 7 or v:byte(1) ~= 177 then return false end
  if v:byte(3) ~= 0 and #v < 75 then return false end
  return v
end
local function has_entry(v) return v and v:byte(3) ~= 0 end
local function version(v) return v:sub(8, 23) end
local function ends(v) return (struct.unpack('<d', v, 24)) end
local function is_fresh(v, now) return has_entry(v) and tonumber(now) < ends(v) end
local function is_useful(v, now) return has_entry(v) and tonumber(now) < ends(v) + struct.unpack('<d', v, 32) end
local function frame_at(v) return (struct.unpack('<I4', v, 48)) end
local function tail_at(v) return (struct.unpack('<I4', v, 4)) end
local function head(v) return v:sub(1, frame_at(v)) end
local function has_lease(v, token)
  return v and v:byte(2) ~= 0 and v:sub(tail_at(v) + 1, tail_at(v) + 16) == token
end
local function time()
  local t = redis.call('TIME')
  return t[1] * 1000 + t[2] / 1000
end
local function is_late(deadline) return time() > tonumber(deadline) end
local function keep_until(key, ms)
  local left = redis.call('PTTL', key)
  if ms == '' then
    if left >= 0 then redis.call('PERSIST', key) end
  elseif left >= 0 and left < tonumber(ms) then
    redis.call('PEXPIRE', key, 2 * tonumber(ms))
  end
end
local function put(key, value, ms)
  if ms == '' then redis.call('SET', key, value)
  elseif ms == '0' then redis.call('DEL', key)
  elseif ms == 'keep' then redis.call('SET', key, value, 'KEEPTTL')
  else redis.call('SET', key, value, 'PX', ms) end
end
local function stamp(key, candidate, ms)
  local s = redis.pcall('GET', key)
  if type(s) == 'string' and #s == 16 then
    keep_until(key, ms)
    return s
  end
  if candidate == '' then return '' end
  put(key, candidate, ms == '' and '' or string.format('%d', 2 * tonumber(ms)))
  return candidate
end
local function stamps_differ(from, ms)
  local found, differ = {}, false
  for i = 2, #KEYS do
    local at = from + 2 * (i - 2)
    found[i - 1] = stamp(KEYS[i], ARGV[at + 1], ms)
    if found[i - 1] ~= ARGV[at] then differ = true end
  end
  return differ and found
end
`;

function script(answers: ReplyShape, body: string): Script {
  return plainScript(answers, PRELUDE + body);
}

function plainScript(answers: ReplyShape, text: string): Script {
  return { answers, text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * KEYS: entry, stamps. ARGV: token, kind (1 or 2), milliseconds, how (`take`: whoever holds it, `ahead`: unless somebody is waited
 * for, `load`: unless there is a fresh entry, either), now, version of an entry that is void, token of a lease that is void, version
 * of an entry that is not fresh, stamps as the lease is to carry them, milliseconds of the stamps, then the stamps as for WRITE.
 * Answers `['stamps', …]`, `['entry', record]`, `['busy', lease, milliseconds left]` or `['lease']`.
 */
export const LEASE = script(
  'parts',
  `
local differ = stamps_differ(11, ARGV[10])
if differ then return {'stamps', unpack(differ)} end
local v = record(KEYS[1])
local useful = is_useful(v, ARGV[5]) and version(v) ~= ARGV[6]
local is_wanted = useful and is_fresh(v, ARGV[5]) and version(v) ~= ARGV[8]
if ARGV[4] == 'load' and is_wanted then return {'entry', v} end
if ARGV[4] ~= 'take' then
  if v and v:byte(2) == 1 and not has_lease(v, ARGV[7]) then
    local left = struct.unpack('<d', v, tail_at(v) + 17) - time()
    if left > 0 then return {'busy', v:sub(tail_at(v) + 1), string.format('%d', math.ceil(left))} end
  end
end
local lease = ARGV[1] .. struct.pack('<d', time() + ARGV[3]) .. ARGV[9]
local kind = string.char(tonumber(ARGV[2]))
if useful then
  redis.call('SETRANGE', KEYS[1], tail_at(v), lease)
  redis.call('SETRANGE', KEYS[1], 1, kind)
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and left < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
else
  redis.call('SET', KEYS[1], '\\177' .. kind .. '\\0' .. struct.pack('<I4', 7) .. lease, 'PX', ARGV[3])
end
return {'lease'}
`,
);

/** KEYS: entry. ARGV: token, milliseconds. Whether the lease was there. */
export const RENEW = script(
  'number',
  `
local v = record(KEYS[1])
if not has_lease(v, ARGV[1]) then return 0 end
redis.call('SETRANGE', KEYS[1], tail_at(v) + 16, struct.pack('<d', time() + ARGV[2]))
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`,
);

/** KEYS: entry. ARGV: token. Whether the lease is there. */
export const HOLDS = script(
  'number',
  `
return has_lease(record(KEYS[1]), ARGV[1]) and 1 or 0
`,
);

/** KEYS: entry. ARGV: token. Whether the lease is there, and waited for. */
export const AWAITED = script(
  'number',
  `
local v = record(KEYS[1])
return has_lease(v, ARGV[1]) and v:byte(2) == 1 and 1 or 0
`,
);

/** KEYS: entry. ARGV: token. From now on the lease is not waited for. */
export const YIELD = script(
  'number',
  `
if has_lease(record(KEYS[1]), ARGV[1]) then redis.call('SETRANGE', KEYS[1], 1, '\\2') end
return 0
`,
);

const END_LEASE = `
local function end_lease(v)
  if has_entry(v) then redis.call('SETRANGE', KEYS[1], 1, '\\0') else redis.call('DEL', KEYS[1]) end
end
`;

/** KEYS: entry. ARGV: token. */
export const RELEASE = script(
  'number',
  `${END_LEASE}
local v = record(KEYS[1])
if has_lease(v, ARGV[1]) then end_lease(v) end
return 0
`,
);

/**
 * KEYS: entry, stamps. ARGV: token, record, its milliseconds (0: not stored, '': for ever), those of the stamps, then each stamp
 * as it has to be, and ''. Whether the lease held.
 */
export const COMMIT = script(
  'number',
  `${END_LEASE}
local v = record(KEYS[1])
if not has_lease(v, ARGV[1]) then return 0 end
if stamps_differ(5, ARGV[4]) then
  end_lease(v)
  return 0
end
put(KEYS[1], ARGV[2], ARGV[3])
return 1
`,
);

/**
 * KEYS: entry, stamps. ARGV: the server's time until which it may be done, record, its milliseconds ('': for ever, `keep`: as it was),
 * now, milliseconds of the stamps, how (`set`, `add`: unless a fresh one is there, `swap`: answers the one before, `replace`:
 * only that version), a version (for `add` that of a void entry), then each stamp as it is believed to be and one for where there
 * is none. Answers `['late']`, `['stamps', …]` as they are, `['entry', record]`, `['gone']` or `['stored', record from before]`.
 */
export const WRITE = script(
  'parts',
  `
if is_late(ARGV[1]) then return {'late'} end
local differ = stamps_differ(8, ARGV[5])
if differ then return {'stamps', unpack(differ)} end
local v = ARGV[6] ~= 'set' and record(KEYS[1])
if ARGV[6] == 'add' and is_fresh(v, ARGV[4]) and version(v) ~= ARGV[7] then return {'entry', v} end
if ARGV[6] == 'replace' and not (has_entry(v) and version(v) == ARGV[7]) then return {'gone'} end
put(KEYS[1], ARGV[2], ARGV[3])
return {'stored', ARGV[6] == 'swap' and has_entry(v) and v or ''}
`,
);

/**
 * As WRITE with `set`, for stamps that are known to be right and to last. KEYS: entries. ARGV: the server's time until which it may
 * be done, then of each its record and its milliseconds ('': for ever). Answers 'late' or 'stored'.
 */
export const SET = plainScript(
  'bytes',
  `
local t = redis.call('TIME')
if t[1] * 1000 + t[2] / 1000 > tonumber(ARGV[1]) then return 'late' end
for i = 1, #KEYS do
  local value, life = ARGV[2 * i], ARGV[2 * i + 1]
  if life == '' then redis.call('SET', KEYS[i], value) else redis.call('SET', KEYS[i], value, 'PX', life) end
end
return 'stored'
`,
);

/** KEYS: entry. ARGV: `head` or `all`. Answers that much of what was there. */
export const REMOVE = script(
  'bytes',
  `
local v = record(KEYS[1])
redis.call('DEL', KEYS[1])
if not has_entry(v) then return '' end
return ARGV[1] == 'all' and v or head(v)
`,
);

/**
 * KEYS: entry, stamps. ARGV: as for WRITE up to the milliseconds of the stamps, the amount, the version of a void entry, one for
 * the new entry ('': no number is to be read here), then the stamps as for WRITE. Answers `['late']`, `['stamps', …]`, `['first']`, `['number', text, head]`, or
 * `['other', record]` for what is no number that can be read here.
 */
export const INCREMENT = script(
  'parts',
  `
if is_late(ARGV[1]) then return {'late'} end
local v = record(KEYS[1])
if is_fresh(v, ARGV[4]) and version(v) ~= ARGV[7] then
  local frame = v:sub(frame_at(v) + 1, tail_at(v))
  local text = frame:sub(3)
  local n = ARGV[8] ~= '' and frame:sub(1, 2) == '\\1\\1' and text:match('^%-?%d[%d.eE+-]*$') and tonumber(text)
  local sum = n and n + tonumber(ARGV[6])
  if not sum or sum ~= sum or sum == math.huge or sum == -math.huge then return {'other', v} end
  text = string.format('%.17g', sum)
  local tail = struct.pack('<I4', frame_at(v) + 2 + #text)
  redis.call('SET', KEYS[1], '\\177\\0\\1' .. tail .. ARGV[8] .. v:sub(24, 51) .. '\\0\\0\\0\\0' ..
    v:sub(56, frame_at(v)) .. '\\1\\1' .. text, 'KEEPTTL')
  return {'number', text, head(v)}
end
local differ = stamps_differ(9, ARGV[5])
if differ then return {'stamps', unpack(differ)} end
put(KEYS[1], ARGV[2], ARGV[3])
return {'first'}
`,
);

/** KEYS: entry. ARGV: the version of a void entry, which is removed if it is still there and nobody loads in its place. */
export const FORGET = script(
  'number',
  `
local v = record(KEYS[1])
if has_entry(v) and version(v) == ARGV[1] and v:byte(2) == 0 then redis.call('DEL', KEYS[1]) end
return 0
`,
);

/**
 * KEYS: entry. ARGV: the server's time until which it may be done, now, milliseconds ('': for ever, 0 or less: it is removed), milliseconds for
 * which it is kept beyond its end, the version of an entry whose tags are known to be good. Answers its head, if it was fresh; of one
 * with tags that nobody has looked at `look` and its head, and leaves it as it is.
 */
export const TOUCH = script(
  'bytes',
  `
if is_late(ARGV[1]) then return 'late' end
local v = record(KEYS[1])
if not is_fresh(v, ARGV[2]) then return '' end
if struct.unpack('<I4', v, 72) > 0 and version(v) ~= ARGV[5] then return 'look' .. head(v) end
local ttl = ARGV[3] == '' and math.huge or tonumber(ARGV[3])
if ttl <= 0 then
  redis.call('DEL', KEYS[1])
  return head(v)
end
redis.call('SETRANGE', KEYS[1], 23, struct.pack('<d', ARGV[2] + ttl))
redis.call('SETRANGE', KEYS[1], 1, '\\0')
local kept = math.ceil(ttl + struct.unpack('<d', v, 32) + ARGV[4])
if kept > 1e14 then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], string.format('%d', kept)) end
return head(v)
`,
);

/** KEYS: stamp. ARGV: one for where there is none ('': leave it so), milliseconds ('': for ever). Answers the stamp, or ''. */
export const STAMP = script(
  'bytes',
  `
return stamp(KEYS[1], ARGV[1], ARGV[2])
`,
);

/** KEYS: stamp. ARGV: its second half from now on. */
export const SOFTEN = script(
  'number',
  `
local s = redis.pcall('GET', KEYS[1])
if type(s) == 'string' and #s == 16 then redis.call('SETRANGE', KEYS[1], 8, ARGV[1]) end
return 0
`,
);

/** Invalidations that are listed at most, and milliseconds for which the list outlives the last of them. */
const LISTED = 4_096;
const LIST_KEPT = 86_400_000;

/** KEYS: list. ARGV: an id and the hash of a tag each. Where there is no room for that, there is no list: whoever asks it is fenced. */
export const LOG_ADD = script(
  'number',
  `
for i = 1, #ARGV do
  local added = redis.pcall('LPUSH', KEYS[1], ARGV[i])
  if type(added) == 'table' then
    redis.call('DEL', KEYS[1])
    return 0
  end
end
redis.call('LTRIM', KEYS[1], 0, ${LISTED - 1})
redis.call('PEXPIRE', KEYS[1], ${LIST_KEPT})
return 1
`,
);

/** KEYS: list. ARGV: an id, for where there is no list. Answers the id of its newest element. */
export const LOG_HEAD = script(
  'bytes',
  `
local newest = redis.pcall('LINDEX', KEYS[1], 0)
if type(newest) == 'string' then return newest:sub(1, 16) end
redis.call('DEL', KEYS[1])
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${LIST_KEPT})
return ARGV[1]
`,
);

/** KEYS: list. ARGV: the id of an element, hashes of tags. Whether that element is there and none of the tags came after it. */
export const LOG_CLEAN = script(
  'number',
  `
local wanted = {}
for i = 2, #ARGV do wanted[ARGV[i]] = true end
for from = 0, ${LISTED - 1}, 128 do
  local some = redis.pcall('LRANGE', KEYS[1], from, from + 127)
  if some.err or #some == 0 then return 0 end
  for _, element in ipairs(some) do
    if element:sub(1, 16) == ARGV[1] then return 1 end
    if wanted[element:sub(17)] then return 0 end
  end
end
return 0
`,
);
