import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  INestApplication,
  LoggerService,
  MiddlewareConsumer,
  ModuleMetadata,
  NestInterceptor,
  NestModule,
  Type,
} from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach } from 'vitest';
import { BlossomCacheModule, CacheService, type BlossomCacheOptions, type CacheEventType } from '../../../lib/index.js';
import { FakeClock } from '../../support/fake-clock.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Middleware as Express and Fastify's middie both know it. */
export type Middleware = (req: { headers: IncomingHttpHeaders }, res: unknown, next: () => void) => void;

export interface Site extends Pick<ModuleMetadata, 'controllers' | 'providers' | 'imports'> {
  /** Options of the default cache. */
  readonly cache?: BlossomCacheOptions;
  readonly middleware?: Middleware;
  readonly setUp?: (app: INestApplication) => void;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The `X-Cache` header. */
  readonly verdict: string | undefined;
}

export class Running {
  constructor(
    readonly app: INestApplication,
    readonly clock: FakeClock,
    /** Everything that was logged as a warning. */
    readonly warnings: readonly string[],
  ) {}

  get cache(): CacheService {
    return this.app.get(CacheService);
  }

  get port(): number {
    return (this.app.getHttpServer().address() as AddressInfo).port;
  }

  ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { port: this.port, path, method, headers, agent: false as const };
      const sent = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
            verdict: response.headers['x-cache'] as string | undefined,
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** The verdicts of several requests, one after the other. */
  async verdicts(...asked: (string | [string, Asked])[]): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = [];
    for (const each of asked) {
      const [path, how] = typeof each === 'string' ? [each, {}] : each;
      found.push((await this.ask(path, how)).verdict);
    }
    return found;
  }

  /** Resolves once so many events of a type were emitted. */
  seen(type: CacheEventType, count: number): Promise<void> {
    return new Promise((resolve) => {
      let left = count;
      const off = this.cache.events.on(type, () => {
        left -= 1;
        if (left > 0) return;
        off();
        resolve();
      });
    });
  }
}

const open: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

/** Starts an application that listens on a free port; it is closed after the test. */
export async function serve(platform: Platform, site: Site): Promise<Running> {
  const clock = new FakeClock();
  const warnings: string[] = [];
  const app = await NestFactory.create(
    rootOf(site, clock),
    platform === 'express' ? new ExpressAdapter() : new FastifyAdapter(),
    { logger: loggerInto(warnings), abortOnError: false, forceCloseConnections: true },
  );
  open.push(app);
  site.setUp?.(app);
  await app.listen(0);
  return new Running(app, clock, warnings);
}

function rootOf({ cache, middleware, controllers = [], providers = [], imports = [] }: Site, clock: FakeClock): Type {
  class Root implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      if (middleware !== undefined) consumer.apply(middleware).forRoutes(...controllers);
    }
  }
  Module({ imports: [BlossomCacheModule.forRoot({ clock, ...cache }), ...imports], controllers, providers })(Root);
  return Root;
}

function loggerInto(warnings: string[]): LoggerService {
  return {
    log: () => {},
    error: (line: unknown) => warnings.push(`ERROR ${String(line)}`),
    warn: (line: unknown) => warnings.push(String(line)),
  };
}

/** An interceptor that works on the response on its way in, before the handler runs. */
export function onResponse(touch: (response: ResponseLike) => void): NestInterceptor {
  return {
    intercept(context, next) {
      touch(context.switchToHttp().getResponse<ResponseLike>());
      return next.handle();
    },
  };
}

/** What the responses of Express and Fastify have in common. */
export interface ResponseLike {
  status(code: number): ResponseLike;
  header(name: string, value: string): ResponseLike;
  send(body: unknown): unknown;
}

/** A promise and what resolves it. */
export function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
