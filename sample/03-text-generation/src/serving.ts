import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import type { Settings } from './settings.js';

/** The app while it serves. */
export class Serving {
  private constructor(
    private readonly app: INestApplication,
    readonly origin: string,
  ) {}

  static async start(settings: Settings, port: number, quiet = false): Promise<Serving> {
    const app = await NestFactory.create(AppModule.with(settings), quiet ? { logger: ['warn', 'error'] } : {});
    app.enableShutdownHooks();
    try {
      await app.listen(port);
    } catch (error) {
      await app.close();
      throw explained(error, port);
    }
    return new Serving(app, `http://localhost:${(app.getHttpServer().address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

function explained(error: unknown, port: number): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  const advice = `Stop what listens on it, or choose another: PORT=${port + 1} npm start`;
  return new Error(`Port ${port} is taken. ${advice}`, { cause: error });
}
