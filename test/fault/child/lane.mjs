import { random } from './random.mjs';

/** The keys of a lane: one that carries on its operations one after the other, in a namespace of its own. */
export const KEYS = [...Array.from({ length: 20 }, (_, i) => `k${i}`), 'n0', 'n1', 'n2'];

/** The next operations of a lane. */
export function* operations(lane, from) {
  const rand = random(lane * 1_000_003 + from);
  const pick = (count) => Math.floor(rand() * count);
  for (let seq = from; ; seq += 1) {
    const key = `k${pick(20)}`;
    const size = rand() < 0.04 ? 100_000 + pick(9) : 100 + pick(2_000);
    const tags = [0, 1, 2].filter(() => rand() < 0.3).map((i) => `lane${lane} t${i}`);
    const kind = rand();
    if (kind < 0.5) yield { op: 'set', key, seq, size, tags };
    else if (kind < 0.6) yield { op: 'load', key, seq, size, tags };
    else if (kind < 0.75) yield { op: 'delete', key };
    else if (kind < 0.9) yield { op: 'increment', key: `n${pick(3)}`, by: 1 + pick(9) };
    else if (kind < 0.98) yield { op: 'invalidate', tags: [`lane${lane} t${pick(3)}`] };
    else yield { op: 'clear' };
  }
}

/** What an operation makes of what a lane holds; both by key, each as {@link describe} says it. */
export function apply(held, operation) {
  const after = new Map(held);
  const { op, key, tags } = operation;
  if (op === 'set' || op === 'load') after.set(key, { is: `${operation.seq}, ${operation.size}`, tags });
  else if (op === 'delete') after.delete(key);
  else if (op === 'increment') after.set(key, { is: `${Number(held.get(key)?.is ?? 0) + operation.by}`, tags: [] });
  else if (op === 'clear') after.clear();
  else for (const [at, entry] of held) if (entry.tags.some((tag) => tags.includes(tag))) after.delete(at);
  return after;
}

export function valueOf(lane, { seq, size }) {
  return { lane, seq, pad: 'x'.repeat(size) };
}

/** What a lane's namespace answers, by key; what was never written there is 'wrong'. */
export function read(space, lane, now) {
  const found = {};
  for (const key of KEYS) {
    const value = space.read(key, now)?.value;
    if (value !== undefined) found[key] = describe(value, lane);
  }
  return found;
}

function describe(value, lane) {
  if (typeof value === 'number') return `${value}`;
  const { seq, pad } = value;
  const right = value.lane === lane && pad === 'x'.repeat(pad.length);
  return right ? `${seq}, ${pad.length}` : `wrong: ${JSON.stringify(value).slice(0, 100)}`;
}
