import { CacheOptionsError } from '../errors/cache.errors.js';
import type { TagRule } from '../operations/operation.js';
import { openRecord } from './decorate-method.js';
import type { Mismatch, ResultOf } from './signatures.js';

/** A handler under `CacheInterceptor` need not be async. */
type AnyMethod = (...args: any[]) => unknown;
type TagMaker = (...args: any[]) => string | readonly string[];

type TagsDecorator<F extends readonly unknown[]> = <M extends AnyMethod>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<M> &
    (F[number] extends string | ((...args: Parameters<M>) => unknown)
      ? unknown
      : Mismatch<'the parameters of a tag function disagree with those of the method'>),
) => void;

type ResultTagsDecorator<F extends TagMaker> = <M extends AnyMethod>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<M> &
    (F extends (result: ResultOf<M>, ...args: Parameters<M>) => unknown
      ? unknown
      : Mismatch<'the parameters of the tag function disagree with the result and parameters of the method'>),
) => void;

/**
 * Tags what the method's `@Cacheable` or `@CachePut` stores: texts, or functions of the arguments, which are
 * known before the body runs.
 */
export function CacheTags<const F extends readonly (string | TagMaker)[]>(...tags: F): TagsDecorator<F> {
  if (tags.length === 0) throw new CacheOptionsError('@CacheTags: give at least one tag');
  return (target, key, descriptor) =>
    addRules(
      '@CacheTags',
      target,
      key,
      descriptor,
      tags.map((tag) => ({ from: 'arguments', tags: checked(tag) })),
    );
}

/** Tags that only the result tells. Where there is no result a function that fails stands for no tags. */
CacheTags.fromResult = function fromResult<const F extends TagMaker>(tags: F): ResultTagsDecorator<F> {
  if (typeof tags !== 'function') throw new CacheOptionsError('@CacheTags.fromResult: give a function of the result');
  return (target, key, descriptor) =>
    addRules('@CacheTags.fromResult', target, key, descriptor, [{ from: 'result', tags }]);
};

function addRules(decorator: string, target: object, key: PropertyKey, descriptor: unknown, rules: TagRule[]): void {
  openRecord(decorator, target, key, descriptor).tags.push(...rules);
}

function checked(tag: string | TagMaker): string | TagMaker {
  if (typeof tag === 'string' || typeof tag === 'function') return tag;
  throw new CacheOptionsError('@CacheTags: a tag is a string or a function of the arguments');
}
