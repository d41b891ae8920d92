import type { LoadContext } from '../cache/loading/load-context.js';
import type { CallPlan } from './call-plan.js';
import type { CallScope, HandlerScope } from './call-scope.js';

/** One call of a decorated method. */
export interface Call {
  readonly plan: CallPlan;
  readonly scope: CallScope | undefined;
  readonly handler: HandlerScope | undefined;
  readonly instance: object;
  readonly args: unknown[];
  /** Ends this caller's wait. */
  readonly signal: AbortSignal | undefined;
  /** Why the tags could not be made, without which nothing may be stored. */
  untagged?: { readonly error: unknown } | undefined;
  /** Runs the body; an Observable's emissions are gathered. `context` is that of the load it runs in. */
  invoke(context: LoadContext | undefined): unknown;
  /** Whether what `invoke` comes to are the emissions of an Observable. */
  gathers(): boolean;
}

/** A call whose body returns a Promise. */
export class PromiseCall implements Call {
  readonly signal = undefined;
  untagged: Call['untagged'];

  constructor(
    readonly plan: CallPlan,
    readonly scope: CallScope | undefined,
    readonly handler: HandlerScope | undefined,
    readonly instance: object,
    readonly args: unknown[],
    private readonly body: (...args: unknown[]) => unknown,
  ) {}

  invoke(): unknown {
    return this.body.apply(this.instance, this.args);
  }

  gathers(): boolean {
    return false;
  }
}

/** The same call, done in another way. */
export function derived(call: Call, other: Partial<Call>): Call {
  const { plan, scope, handler, instance, args, signal } = call;
  return {
    plan,
    scope,
    handler,
    instance,
    args,
    signal,
    invoke: (context) => call.invoke(context),
    gathers: () => call.gathers(),
    ...other,
  };
}
