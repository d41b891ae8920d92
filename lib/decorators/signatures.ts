import type { Observable } from 'rxjs';

/** A method that can be cached: what it returns comes later. */
type AsyncMethod = (...args: any[]) => Promise<unknown> | Observable<unknown>;

/** What a method's Promise resolves to, or its Observable emits, or else what it returns. */
export type ResultOf<M> = M extends (...args: any[]) => Promise<infer R>
  ? R
  : M extends (...args: any[]) => Observable<infer R>
    ? R
    : M extends (...args: any[]) => infer R
      ? R
      : never;

type Made<F, A extends readonly unknown[]> = F extends (...args: any[]) => infer R ? (...args: A) => R : F;

/** An option of which the parameters are the method's. */
type ByArguments = 'key' | 'keys' | 'tags' | 'condition' | 'args';
/** An option of which the parameters are the method's result and then its parameters. */
type ByResult = 'unless' | 'ttl';

/** The options as the method would have them; assignable from options whose functions agree with it. */
type Wanted<O, M extends AsyncMethod> = {
  [K in keyof O]: K extends ByArguments
    ? Made<O[K], Parameters<M>>
    : K extends ByResult
      ? Made<O[K], [result: ResultOf<M>, ...args: Parameters<M>]>
      : O[K];
};

/** Says in the compiler's error what is wrong. */
export interface Mismatch<Message extends string> {
  readonly '~mismatch': Message;
}

/** `unknown` if the options agree with the method, else something no descriptor is. */
type Agrees<O, M extends AsyncMethod> =
  O extends Wanted<O, M>
    ? unknown
    : Mismatch<'the parameters of key, tags, condition, unless or ttl disagree with those of the method'>;

/** No option beyond the known ones: a generic parameter alone would let a misspelt one pass. */
export type Known<O, All> = O & Record<Exclude<keyof O, AllKeys<All>>, never>;
type AllKeys<T> = T extends unknown ? keyof T : never;

/** What has the method: an instance. What has a static one is the class itself. */
type Instance<T> = T extends Function ? Mismatch<'a static method cannot be cached'> : T;

/** The decorator of a method of class `T` by options of type `O`. */
export type CacheMethodDecorator<O> = <T extends object, M extends AsyncMethod>(
  target: O extends { of: infer N }
    ? N extends keyof T
      ? Instance<T>
      : Mismatch<'of names no method of this class'>
    : Instance<T>,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Agrees<O, M>,
) => void;
