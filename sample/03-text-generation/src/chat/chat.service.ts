import { Injectable } from '@nestjs/common';
import { Cacheable, CacheConfig, CacheTags, key } from 'nestjs-blossom-cache';
import { modelTag, userTags } from '../answers/answer.tags.js';
import { TTL } from '../answers/ttls.js';
import { LanguageApi } from '../api/language-api.js';
import type { Completion, Prompt } from '../api/protocol.js';
import { audience } from '../users/current-user.js';

/** What is shorter is a refusal or a slip more often than an answer. */
const SHORT = 20;

@CacheConfig({ namespace: 'chat', varyBy: audience })
@Injectable()
export class ChatService {
  constructor(private readonly api: LanguageApi) {}

  /**
   * @param keeps whether an answer is kept that would be another one the next time: with a temperature above 0 whoever
   *   asks again may want just that
   */
  @Cacheable({
    key: (prompt: Prompt) => key`v1:${prompt}`,
    condition: (prompt: Prompt, keeps: boolean) => prompt.temperature === 0 || keeps,
    unless: ({ finishReason, text }: Completion) => finishReason !== 'stop' || text.trim().length < SHORT,
    ttl: TTL.chat,
    grace: '1d',
    softTimeout: '1s',
  })
  @CacheTags((prompt: Prompt) => modelTag(prompt.model), userTags)
  async answer(prompt: Prompt, _keeps: boolean): Promise<Completion> {
    return this.api.complete(prompt);
  }

  /** What is written while it is read cannot be judged before it is served: not cached. */
  async stream(prompt: Prompt): Promise<ReadableStream<Uint8Array>> {
    return this.api.stream(prompt);
  }
}
