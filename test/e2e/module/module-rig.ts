import type { DynamicModule, INestApplicationContext, LoggerService, Provider, Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach } from 'vitest';

const open: INestApplicationContext[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

export interface Booted {
  readonly app: INestApplicationContext;
  /** Lines of the log, warnings with `WARN` in front. */
  readonly log: readonly string[];
}

/** Boots an application without a server; it is closed after the test. Rejects with what stops the boot. */
export async function boot(imports: readonly (DynamicModule | Type)[], providers: Provider[] = []): Promise<Booted> {
  class Root {}
  Module({ imports: [...imports], providers })(Root);
  const log: string[] = [];
  const app = await NestFactory.createApplicationContext(Root, { logger: loggerInto(log), abortOnError: false });
  open.push(app);
  return { app, log };
}

/** What stops a boot. */
export async function refusal(booting: Promise<Booted>): Promise<Error> {
  const outcome = await booting.then(
    () => undefined,
    (error: Error) => error,
  );
  if (outcome === undefined) throw new Error('it booted');
  return outcome;
}

/** Only what the cache itself says. */
function loggerInto(log: string[]): LoggerService {
  const add =
    (mark: string) =>
    (line: unknown, context?: unknown): void => {
      if (context === 'BlossomCache') log.push(`${mark}${String(line)}`);
    };
  return { log: add(''), warn: add('WARN '), error: () => {} };
}

/** A module with providers, exported all. */
export function moduleOf(providers: Provider[], imports: DynamicModule[] = []): Type {
  class Some {}
  Module({
    imports,
    providers,
    exports: providers.map((provider) => ('provide' in provider ? provider.provide : provider)),
  })(Some);
  return Some;
}
