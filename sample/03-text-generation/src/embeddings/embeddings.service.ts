import { Injectable } from '@nestjs/common';
import { CacheService, InjectCache, key } from 'nestjs-blossom-cache';
import { modelTag } from '../answers/answer.tags.js';
import { TTL } from '../answers/ttls.js';
import { LanguageApi } from '../api/language-api.js';
import type { Usage } from '../costs/usage.js';
import { shares } from './shares.js';

export interface Embedding {
  readonly text: string;
  readonly vector: readonly number[];
  /** Its share of what its request took. */
  readonly usage: Usage;
}

export interface Embedded {
  /** In the order of the texts. */
  readonly embeddings: readonly Embedding[];
  /** The texts that this call asked the API for. */
  readonly asked: ReadonlySet<string>;
}

/** By hand, since one request can ask for many: what is known is left out of it. */
@Injectable()
export class EmbeddingsService {
  constructor(
    @InjectCache('embeddings') private readonly cache: CacheService,
    private readonly api: LanguageApi,
  ) {}

  async embed(model: string, texts: readonly string[]): Promise<Embedded> {
    const textOf = new Map(texts.map((text) => [keyOf(model, text), text]));
    const asked = new Set<string>();
    const found = await this.cache.getOrSetMany<Embedding>(
      [...textOf.keys()],
      async (missing) => {
        const wanted = missing.map((one) => textOf.get(one)!);
        for (const text of wanted) asked.add(text);
        const made = await this.load(model, wanted);
        return new Map(missing.map((one, index) => [one, made[index]!]));
      },
      { ttl: TTL.embedding, tags: [modelTag(model)] },
    );
    return { embeddings: texts.map((text) => found.get(keyOf(model, text))!), asked };
  }

  private async load(model: string, texts: readonly string[]): Promise<Embedding[]> {
    const { vectors, usage } = await this.api.embed(model, texts);
    const tokens = shares(
      usage.promptTokens,
      texts.map((text) => text.length),
    );
    return texts.map((text, index) => {
      return { text, vector: vectors[index]!, usage: { promptTokens: tokens[index]!, completionTokens: 0 } };
    });
  }
}

/** An object in a key is a digest of what is in it: texts may be long. */
const keyOf = (model: string, text: string): string => key`v1:${{ model, text }}`;
