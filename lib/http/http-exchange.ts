import type { ExecutionContext } from '@nestjs/common';
import { REDIRECT_METADATA, ROUTE_ARGS_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import type { HttpAdapterHost } from '@nestjs/core';

/** What a response says about the cache. */
export type CacheVerdict = 'HIT' | 'MISS' | 'STALE' | 'BYPASS';

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
  private readonly request: Request;
  private readonly response: Response;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly context: ExecutionContext,
    /** The name of the handler in its class. */
    private readonly handlerName: string | symbol | undefined,
  ) {
    this.request = context.switchToHttp().getRequest<Request>();
    this.response = context.switchToHttp().getResponse<Response>();
  }

  /**
   * Method, URL, host and handler: versions of a route may share its URL. A URL has no space in it, nor has the
   * name of a handler, so that no two requests meet.
   */
  get key(): string {
    const { httpAdapter } = this.host;
    const url = String(httpAdapter.getRequestUrl(this.request));
    const handler = `${this.context.getClass().name}.${String(this.handlerName)}`.replaceAll(' ', '_');
    const hosts = `${String(httpAdapter.getRequestHostname(this.request))} ${String(this.request.headers['host'])}`;
    return `${this.method} ${url} ${handler} ${hosts}`;
  }

  get method(): string {
    return String(this.host.httpAdapter.getRequestMethod(this.request)).toUpperCase();
  }

  /** Whether what the handler returns is the answer: it is no event stream and does not write the response itself. */
  get answersByReturning(): boolean {
    const handler = this.context.getHandler();
    if (Reflect.getMetadata(SSE_METADATA, handler) !== undefined) return false;
    const name = this.handlerName;
    const args: object =
      (name === undefined ? undefined : Reflect.getMetadata(ROUTE_ARGS_METADATA, this.context.getClass(), name)) ?? {};
    return !Object.keys(args).some((arg) => [RESPONSE, NEXT].includes(Number(arg.split(':')[0])));
  }

  /** Whether the answer is one for everybody: plain success, and nobody's cookie on it. */
  get succeeded(): boolean {
    // Nest sets the status of a redirection after the interceptors.
    if (Reflect.getMetadata(REDIRECT_METADATA, this.context.getHandler()) !== undefined) return false;
    return this.response.statusCode === 200 && this.response.getHeader('set-cookie') === undefined;
  }

  say(verdict: CacheVerdict): void {
    const { httpAdapter } = this.host;
    if (!httpAdapter.isHeadersSent(this.response)) httpAdapter.setHeader(this.response, 'X-Cache', verdict);
  }
}
