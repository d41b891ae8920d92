import { Injectable } from '@nestjs/common';
import { Cacheable, CacheConfig, CacheTags } from 'nestjs-blossom-cache';
import { modelTag } from '../answers/answer.tags.js';
import { TTL } from '../answers/ttls.js';
import { LanguageApi } from '../api/language-api.js';
import type { Usage } from '../costs/usage.js';

export interface Classification {
  readonly model: string;
  /** Undefined where the model said something else than one of the labels. */
  readonly label: string | undefined;
  readonly usage: Usage;
}

/** The same for everybody: no `varyBy`, and the default key of all arguments. */
@CacheConfig({ namespace: 'classifications' })
@Injectable()
export class ClassificationsService {
  constructor(private readonly api: LanguageApi) {}

  /** Short by nature: what is not worth keeping is told by the labels. */
  @Cacheable({
    ttl: TTL.classification,
    grace: '30d',
    unless: ({ label }: Classification) => label === undefined,
  })
  @CacheTags((model: string) => modelTag(model))
  async classify(model: string, text: string, labels: readonly string[]): Promise<Classification> {
    const system = `Answer with exactly one of these labels and nothing else: ${labels.join(', ')}`;
    const { text: said, usage } = await this.api.complete({ model, system, prompt: text, temperature: 0 });
    const meant = said.trim().toLowerCase();
    return { model, label: labels.find((label) => label.toLowerCase() === meant), usage };
  }
}
