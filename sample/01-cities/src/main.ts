import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheService } from 'nestjs-blossom-cache';
import { AppModule } from './app.module.js';
import { Tour } from './tour/tour.js';
import { Visitor } from './tour/visitor.js';

const port = Number(process.env.PORT ?? 3000);
const onlyTour = process.argv.includes('--tour');
const cacheIsOn = !process.env.BLOSSOM_CACHE_URL?.startsWith('off:');

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  let origin: string;
  try {
    origin = await listen(app);
    const { size } = await app.get(CacheService).getStats();
    if (onlyTour || !size) await takeTour(app, origin);
    else console.log(`\n${size} cached answers are still there: no tour (npm start -- --tour takes it anyway)\n`);
  } catch (error) {
    await app.close();
    throw error;
  }
  if (onlyTour) await app.close();
  else console.log(`Serving on ${origin}; stop with Ctrl+C`);
}

async function listen(app: INestApplication): Promise<string> {
  try {
    await app.listen(port);
    return `http://localhost:${(app.getHttpServer().address() as AddressInfo).port}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const advice = `Stop what listens on it, or choose another: PORT=${port + 1} npm start`;
    throw new Error(`Port ${port} is taken. ${advice}`, { cause: error });
  }
}

/** From an empty cache, so that the first step is a miss even where the backend outlives the app. */
async function takeTour(app: INestApplication, origin: string): Promise<void> {
  await app.get(CacheService).clear();
  const tour = new Tour(new Visitor(origin), cacheIsOn);
  try {
    await tour.run();
  } finally {
    console.log(`\n${tour}\n`);
  }
}

main().catch((error: Error) => {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
});
