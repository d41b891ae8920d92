import { Module } from '@nestjs/common';
import { ApiModule } from '../api/api.module.js';
import { ClassificationsController } from './classifications.controller.js';
import { ClassificationsService } from './classifications.service.js';

@Module({ imports: [ApiModule], controllers: [ClassificationsController], providers: [ClassificationsService] })
export class ClassificationsModule {}
