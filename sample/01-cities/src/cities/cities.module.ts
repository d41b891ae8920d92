import { Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { CitiesController } from './cities.controller.js';
import { CitiesService } from './cities.service.js';
import { CountriesController } from './countries.controller.js';

@Module({
  imports: [DatabaseModule],
  controllers: [CitiesController, CountriesController],
  providers: [CitiesService],
})
export class CitiesModule {}
