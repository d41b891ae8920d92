import { Module } from '@nestjs/common';
import { CostsModule } from '../costs/costs.module.js';
import { LanguageApi } from './language-api.js';

@Module({ imports: [CostsModule], providers: [LanguageApi], exports: [LanguageApi, CostsModule] })
export class ApiModule {}
