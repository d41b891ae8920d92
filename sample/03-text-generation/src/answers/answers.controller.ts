import { BadRequestException, Controller, Delete, HttpCode, Param, Query } from '@nestjs/common';
import { modelName } from '../http/parameters.js';
import { isUser } from '../users/user.middleware.js';
import { AnswersService } from './answers.service.js';

/** For those who run the service: a guard belongs here. */
@Controller()
export class AnswersController {
  constructor(private readonly answers: AnswersService) {}

  @Delete('users/:user/answers')
  @HttpCode(204)
  async forgetUser(@Param('user') user: string): Promise<void> {
    if (!isUser(user)) throw new BadRequestException('user: as in X-User');
    await this.answers.forgetUser(user);
  }

  /** `?stale=allow`: old answers are still served while there is no new one. */
  @Delete('models/:model/answers')
  @HttpCode(204)
  async forgetModel(@Param('model') model: string, @Query('stale') stale?: unknown): Promise<void> {
    if (stale !== undefined && stale !== 'allow') throw new BadRequestException("stale: 'allow', or nothing");
    if (stale === 'allow') await this.answers.renewModel(modelName(model));
    else await this.answers.forgetModel(modelName(model));
  }
}
