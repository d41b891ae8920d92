import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

// It tells the process that started it where it listens, and ends with it.
const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
await app.listen(0, '127.0.0.1');
process.on('disconnect', () => void app.close());
process.send!(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
