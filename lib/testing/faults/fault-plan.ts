import { LEASE_OPERATIONS, SPACE_OPERATIONS, STORE_OPERATIONS, type FarOperation } from './far-operations.js';
import { Random } from '../random.js';

/**
 * What becomes of an operation.
 * - `throw`: it fails with a `CacheBackendError`; with `after`, when it has taken effect; with `timedOut`, as if no answer
 *   had come in time.
 * - `delay`: it is asked for `ms` milliseconds later, or between two such numbers.
 * - `hang`: it is never done; `ms` milliseconds later it is given up with a `CacheBackendError` that timed out. Default:
 *   when the faults are healed.
 * - `garble`: what is read cannot be read, which is a miss; anything else takes effect and its answer is lost.
 * - `forget`: the backend keeps nothing: what is read is not there, what is stored is gone at once, and what was there under
 *   a key that is written or removed is gone with it. The rest works as ever.
 *
 * What is known without waiting (`vouches`) neither waits nor hangs.
 */
export type Fault =
  | { readonly kind: 'throw'; readonly after?: boolean; readonly timedOut?: boolean }
  | { readonly kind: 'delay'; readonly ms: number | readonly [min: number, max: number] }
  | { readonly kind: 'hang'; readonly ms?: number }
  | { readonly kind: 'garble' }
  | { readonly kind: 'forget' };

/** When a fault strikes. Without `nth` and `probability`: always. */
export interface FaultRule {
  /** Default: every operation. */
  readonly on?: FarOperation | readonly FarOperation[];
  /** Counted from 1 since the rule was added: the third of these operations, or the third and the fifth. */
  readonly nth?: number | readonly number[];
  /** From 0 (never) to 1. */
  readonly probability?: number;
  /** How often it strikes at most. Default: `Infinity`. */
  readonly times?: number;
  readonly fault: Fault;
}

interface Tally {
  readonly rule: FaultRule;
  readonly concerns: (operation: FarOperation) => boolean;
  asked: number;
  struck: number;
}

/** The rules by which operations fail. */
export class FaultPlan {
  readonly #random: Random;
  readonly #tallies = new Set<Tally>();

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Returns what takes the rule back. @throws {RangeError} */
  add(rule: FaultRule): () => void {
    assertRule(rule);
    const { on } = rule;
    const operations = typeof on === 'string' ? [on] : on;
    const concerns = (operation: FarOperation): boolean => operations === undefined || operations.includes(operation);
    const tally = { rule, concerns, asked: 0, struck: 0 };
    this.#tallies.add(tally);
    return () => void this.#tallies.delete(tally);
  }

  clear(): void {
    this.#tallies.clear();
  }

  /** What becomes of the operation that is asked for now. */
  next(operation: FarOperation): Fault | undefined {
    const concerned = [...this.#tallies].filter(({ concerns }) => concerns(operation));
    for (const tally of concerned) tally.asked += 1;
    const striking = concerned.find((tally) => this.#strikes(tally));
    if (striking === undefined) return undefined;
    striking.struck += 1;
    return this.#drawn(striking.rule.fault);
  }

  #strikes({ rule: { nth, probability, times = Infinity }, asked, struck }: Tally): boolean {
    if (struck >= times) return false;
    if (nth !== undefined && !(typeof nth === 'number' ? [nth] : nth).includes(asked)) return false;
    return probability === undefined || this.#random.chance(probability);
  }

  #drawn(fault: Fault): Fault {
    if (fault.kind !== 'delay' || typeof fault.ms === 'number') return fault;
    return { kind: 'delay', ms: this.#random.integer(...fault.ms) };
  }
}

const KINDS: readonly string[] = ['throw', 'delay', 'hang', 'garble', 'forget'] satisfies readonly Fault['kind'][];
const OPERATIONS: readonly string[] = [...SPACE_OPERATIONS, 'vouches', ...STORE_OPERATIONS, ...LEASE_OPERATIONS];

/** A rule that could never strike, or not as it says, would leave a test green for the wrong reason. */
function assertRule({ on, nth, probability = 1, times = Infinity, fault }: FaultRule): void {
  if (!(probability >= 0 && probability <= 1)) throw new RangeError(`a probability is 0 to 1; got ${probability}`);
  const unknown = [on ?? []].flat().find((operation) => !OPERATIONS.includes(operation));
  if (unknown !== undefined) throw new RangeError(`there is no operation '${unknown}'; there are ${OPERATIONS.join()}`);
  const wrong = [nth ?? []].flat().find((count) => !(Number.isInteger(count) && count >= 1));
  if (wrong !== undefined) throw new RangeError(`nth is counted from 1; got ${wrong}`);
  if (!(times >= 0)) throw new RangeError(`times is 0 or more; got ${times}`);
  if (!KINDS.includes(fault?.kind)) throw new RangeError(`a fault is one of ${KINDS.join()}; got ${fault?.kind}`);
  if (fault.kind === 'delay' || (fault.kind === 'hang' && fault.ms !== undefined)) assertSpan(fault.ms);
}

function assertSpan(ms: number | readonly [min: number, max: number] | undefined): void {
  const [min, max] = typeof ms === 'object' ? ms : [ms, ms];
  if (min !== undefined && max !== undefined && min >= 0 && max >= min) return;
  throw new RangeError(`ms is 0 or more, or the least and the most of them; got ${String(ms)}`);
}
