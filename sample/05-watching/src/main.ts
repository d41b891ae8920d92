import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { measure } from './telemetry.js';
import { takeTour } from './tour.js';

const onlyTour = process.argv.includes('--tour');
// First: the cache looks for whoever measures when it is made.
measure();
const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000));
const origin = `http://localhost:${(app.getHttpServer().address() as AddressInfo).port}`;
const right = await takeTour(origin);
if (!right) process.exitCode = 1;
if (onlyTour) await app.close();
else console.log(`Serving on ${origin}: /quotes/AAA, /metrics, /health; stop with Ctrl+C`);
