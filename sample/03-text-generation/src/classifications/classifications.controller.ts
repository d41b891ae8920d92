import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Meter } from '../costs/meter.js';
import type { Served } from '../costs/served.js';
import { fields, modelName, optional, text, texts } from '../http/parameters.js';
import { Settings } from '../settings.js';
import { type Classification, ClassificationsService } from './classifications.service.js';

@Controller('classifications')
export class ClassificationsController {
  constructor(
    private readonly classifications: ClassificationsService,
    private readonly meter: Meter,
    private readonly settings: Settings,
  ) {}

  /** Labels are sorted: in another order they are the same question. */
  @Post()
  @HttpCode(200)
  async classify(@Body() body: unknown): Promise<Served<Classification>> {
    const given = fields(body, ['text', 'labels', 'model']);
    const model = optional(given.model, modelName) ?? this.settings.model;
    const labels = texts('labels', given.labels).toSorted();
    const toClassify = text('text', given.text);
    return this.meter.serve('classifications', () => this.classifications.classify(model, toClassify, labels));
  }
}
