import { Injectable } from '@nestjs/common';
import { CacheEvict, CacheService } from 'nestjs-blossom-cache';
import { modelTag, userTag } from './answer.tags.js';

/** What is known of all answers, of whatever kind. */
@Injectable()
export class AnswersService {
  constructor(private readonly cache: CacheService) {}

  /** Also what has to happen to the user elsewhere belongs in here: it is forgotten once the body has succeeded. */
  @CacheEvict({ tags: (user: string) => [userTag(user)] })
  async forgetUser(_user: string): Promise<void> {}

  @CacheEvict({ tags: (model: string) => [modelTag(model)] })
  async forgetModel(_model: string): Promise<void> {}

  /** Asks anew for what the model said, and would rather serve the old answer than none. */
  async renewModel(model: string): Promise<void> {
    await this.cache.invalidateTags([modelTag(model)], { allowStale: true });
  }
}
