import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { Served } from '../costs/served.js';

interface Response {
  setHeader(name: string, value: string): void;
}

/** Says in headers how an answer came about. */
@Injectable()
export class ServedInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map((value) => {
        if (!(value instanceof Served)) return value;
        response.setHeader('X-Cache', value.xCache);
        response.setHeader('X-Cache-Why', value.why);
        return value.answer as unknown;
      }),
    );
  }
}
