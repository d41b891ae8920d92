import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { HandlerCache } from './handler-cache.js';

/**
 * Caches GET (and HEAD) handlers by method, URL, host and what `varyBy` of the controller's `@CacheConfig`
 * names; ttl and namespace come from there too. An answer is kept if its status is 200 and it sets no cookie.
 * A request that says who is asking, or a handler behind a guard, is not cached unless `varyBy` says whose
 * the answer is. Every answer carries `X-Cache: HIT`, `MISS` or `BYPASS`.
 */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  constructor(@Inject(HandlerCache) private readonly handlers: HandlerCache) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return this.handlers.byRequest(context, next);
  }
}

/** Stands before every handler of an application, for those that carry `@Cacheable`. */
@Injectable()
export class CacheableHandlerInterceptor implements NestInterceptor {
  constructor(@Inject(HandlerCache) private readonly handlers: HandlerCache) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return this.handlers.byArguments(context, next);
  }
}
