import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bill, type Mode, MODES } from './bill.js';
import { chat, embeddings, stream, type Usage } from './completions.js';
import { Refusal } from './refusal.js';

const LATENCY_MS = 300;
const SLOW_MS = 4_000;

/**
 * Speaks the part of OpenAI's protocol that the app needs, and answers what nobody should take for an answer.
 * `PUT /stand-in/mode` with `up`, `slow` or `down` makes it behave as APIs do; `GET /stand-in/bill` is what it was asked for.
 */
export class StandInServer {
  readonly http: Server = createServer((request, response) => void this.answer(request, response));
  private readonly bill = new Bill();
  private mode: Mode = 'up';

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await this.route(`${request.method} ${request.url}`, request, response);
      if (!response.headersSent) send(response, 200, body);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(400, 'invalid_request_error');
      if (response.headersSent) response.destroy();
      else send(response, refusal.status, refusal.body);
    }
  }

  private async route(route: string, request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    switch (route) {
      case 'POST /v1/chat/completions':
        return this.counted(() => this.chat(request, response));
      case 'POST /v1/embeddings':
        return this.counted(async () =>
          this.metered(embeddings((await json(request)) as Parameters<typeof embeddings>[0])),
        );
      case 'GET /stand-in/bill':
        return this.bill;
      case 'PUT /stand-in/mode':
        return this.setMode(await json(request));
      default:
        throw new Refusal(404, 'not_found');
    }
  }

  private async chat(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const asked = (await json(request)) as Parameters<typeof chat>[0];
    if (asked.stream !== true) return this.metered(chat(asked));
    await sleep(LATENCY_MS);
    return stream(asked, response);
  }

  private async counted(work: () => Promise<unknown>): Promise<unknown> {
    this.bill.calls += 1;
    try {
      if (this.mode === 'down') throw new Refusal(503, 'service_unavailable');
      return await work();
    } catch (error) {
      this.bill.failedCalls += 1;
      throw error;
    }
  }

  private async metered({ body, usage, ms }: { body: object; usage: Usage; ms: number }): Promise<object> {
    await sleep((this.mode === 'slow' ? SLOW_MS : LATENCY_MS) + ms);
    this.bill.promptTokens += usage.prompt_tokens;
    this.bill.completionTokens += usage.completion_tokens;
    return body;
  }

  private setMode(wanted: unknown): object {
    const mode = MODES.find((known) => known === wanted);
    if (mode === undefined) throw new Refusal(400, 'invalid_request_error');
    this.mode = mode;
    return { mode };
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-stand-in': 'true' }).end(JSON.stringify(body));
}
