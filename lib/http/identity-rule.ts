import type { ExecutionContext } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { ModuleRef } from '@nestjs/core';
import type { VaryBy } from '../operations/operation.js';

/** The part of Nest's application configuration that knows the global guards. */
interface GuardConfig {
  getGlobalGuards(): readonly unknown[];
  getGlobalRequestGuards(): readonly { readonly metatype: unknown }[];
}

/**
 * Whether an answer may be given to somebody else: not if the request says who is asking (`Authorization`, a
 * cookie), nor if a guard stands before the handler that may know, unless `varyBy` says whose the answer is.
 */
export class IdentityRule {
  constructor(private readonly moduleRef: ModuleRef) {}

  /** Why the answer may not be shared; undefined if it may. */
  objection(context: ExecutionContext, varyBy: VaryBy | undefined, anonymous: readonly unknown[]): string | undefined {
    if (varyBy !== undefined) return undefined;
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    if (headers['authorization'] !== undefined) return 'the request carries Authorization';
    if (headers['cookie'] !== undefined) return 'the request carries a cookie';
    const guard = this.#guards(context).find((other) => !anonymous.includes(classOf(other)));
    return guard === undefined ? undefined : `the handler is behind ${nameOf(guard)}`;
  }

  #guards(context: ExecutionContext): readonly unknown[] {
    const own = [context.getHandler(), context.getClass()].flatMap(
      (target): unknown[] => Reflect.getMetadata(GUARDS_METADATA, target) ?? [],
    );
    return [...own, ...this.#globalGuards()];
  }

  /** Where Nest's configuration cannot be read, there might be any guard. */
  #globalGuards(): readonly unknown[] {
    const { container } = this.moduleRef as unknown as { container?: { applicationConfig?: GuardConfig } };
    const config = container?.applicationConfig;
    if (config === undefined) return [unknownGuard];
    return [...config.getGlobalGuards(), ...config.getGlobalRequestGuards().map(({ metatype }) => metatype)];
  }
}

function unknownGuard(): void {}

function classOf(guard: unknown): unknown {
  return typeof guard === 'function' ? guard : (guard as object).constructor;
}

function nameOf(guard: unknown): string {
  return (classOf(guard) as { name: string }).name;
}
