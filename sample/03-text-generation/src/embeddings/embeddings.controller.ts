import { Body, Controller, HttpCode, NotImplementedException, Post } from '@nestjs/common';
import { Ledger } from '../costs/ledger.js';
import { Served } from '../costs/served.js';
import { NOTHING, plus, type Usage } from '../costs/usage.js';
import { fields, modelName, optional, texts } from '../http/parameters.js';
import { Settings } from '../settings.js';
import { EmbeddingsService } from './embeddings.service.js';

export interface EmbeddingsAnswer {
  readonly model: string;
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Usage;
}

@Controller('embeddings')
export class EmbeddingsController {
  constructor(
    private readonly embeddings: EmbeddingsService,
    private readonly ledger: Ledger,
    private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(200)
  async embed(@Body() body: unknown): Promise<Served<EmbeddingsAnswer>> {
    const given = fields(body, ['texts', 'model']);
    const model = optional(given.model, modelName) ?? this.settings.embeddingModel;
    if (model === undefined) throw new NotImplementedException('model: say which, or set OPENAI_EMBEDDING_MODEL');
    const wanted = texts('texts', given.texts);
    const { embeddings, asked } = await this.embeddings.embed(model, wanted);
    for (const { text, usage } of embeddings) {
      this.ledger.serve('embeddings', asked.has(text) ? 'MISS' : 'HIT', model, usage);
    }
    const vectors = embeddings.map(({ vector }) => vector);
    const usage = embeddings.map((one) => one.usage).reduce(plus, NOTHING);
    const known = wanted.filter((text) => !asked.has(text)).length;
    const why = `${known} of ${wanted.length} known`;
    return new Served({ model, vectors, usage }, known === wanted.length ? 'HIT' : 'MISS', why);
  }
}
