import { BadRequestException, Injectable, type NestMiddleware } from '@nestjs/common';
import { asUser } from './current-user.js';

interface Request {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Believes what `X-User` says. It stands for your authentication, which knows better. */
@Injectable()
export class UserMiddleware implements NestMiddleware<Request> {
  use({ headers }: Request, _response: unknown, next: () => void): void {
    const user = headers['x-user'];
    if (user === undefined) return next();
    if (typeof user === 'string' && isUser(user)) return asUser(user, next);
    throw new BadRequestException('X-User: 1 to 64 letters, digits and any of . _ @ -');
  }
}

export function isUser(text: string): boolean {
  return /^[\w.@-]{1,64}$/.test(text);
}
