import { Module } from '@nestjs/common';
import { Ledger } from './ledger.js';
import { Meter } from './meter.js';
import { StatsController } from './stats.controller.js';

@Module({ controllers: [StatsController], providers: [Ledger, Meter], exports: [Ledger, Meter] })
export class CostsModule {}
