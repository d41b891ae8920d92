import { Controller, Get, Param } from '@nestjs/common';
import { QuotesService, type Quote } from './quotes.service.js';

@Controller('quotes')
export class QuotesController {
  constructor(private readonly quotes: QuotesService) {}

  @Get(':symbol')
  async find(@Param('symbol') symbol: string): Promise<Quote> {
    return this.quotes.find(symbol);
  }
}
