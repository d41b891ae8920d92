import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { ApiError } from './api.error.js';

interface Response {
  status(code: number): { json(body: unknown): void };
}

/** What the caller can do something about keeps its status, the rest is a bad gateway. */
const PASSED_ON = new Set([400, 404, 422, 429]);

@Catch(ApiError)
export class ApiErrorFilter implements ExceptionFilter<ApiError> {
  catch({ message, status }: ApiError, host: ArgumentsHost): void {
    const statusCode = status !== undefined && PASSED_ON.has(status) ? status : 502;
    host.switchToHttp().getResponse<Response>().status(statusCode).json({ statusCode, message });
  }
}
