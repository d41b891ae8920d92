import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import type { HttpAdapterHost } from '@nestjs/core';

/** What a response says about the cache. */
export type CacheVerdict = 'HIT' | 'MISS' | 'BYPASS';

interface Request {
  readonly headers: Record<string, string | string[] | undefined>;
}

interface Response {
  readonly statusCode: number;
  getHeader(name: string): unknown;
}

// Nest's parameter types of @Res() and @Next(), with which a handler answers by itself.
const RESPONSE = 1;
const NEXT = 2;

/** One request and its response, on Express or Fastify. */
export class HttpExchange {
  readonly #request: Request;
  readonly #response: Response;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly context: ExecutionContext,
  ) {
    this.#request = context.switchToHttp().getRequest<Request>();
    this.#response = context.switchToHttp().getResponse<Response>();
  }

  /** Method, URL and host. A URL has no space in it, so that no two requests meet. */
  get key(): string {
    const { httpAdapter } = this.host;
    const url = String(httpAdapter.getRequestUrl(this.#request));
    const hosts = `${String(httpAdapter.getRequestHostname(this.#request))} ${String(this.#request.headers['host'])}`;
    return `${this.method} ${url} ${hosts}`;
  }

  get method(): string {
    return String(this.host.httpAdapter.getRequestMethod(this.#request)).toUpperCase();
  }

  /** Whether the handler leaves the answer to Nest: it is no event stream and does not write the response itself. */
  get answersByReturning(): boolean {
    const handler = this.context.getHandler();
    if (Reflect.getMetadata(SSE_METADATA, handler) !== undefined) return false;
    const args: object = Reflect.getMetadata(ROUTE_ARGS_METADATA, this.context.getClass(), handler.name) ?? {};
    return !Object.keys(args).some((arg) => [RESPONSE, NEXT].includes(Number(arg.split(':')[0])));
  }

  /** Whether the answer is one for everybody: plain success, and nobody's cookie on it. */
  get succeeded(): boolean {
    return this.#response.statusCode === 200 && this.#response.getHeader('set-cookie') === undefined;
  }

  say(verdict: CacheVerdict): void {
    this.host.httpAdapter.setHeader(this.#response, 'X-Cache', verdict);
  }
}
