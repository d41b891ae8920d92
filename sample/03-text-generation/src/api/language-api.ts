import { Injectable } from '@nestjs/common';
import { Ledger } from '../costs/ledger.js';
import { Settings } from '../settings.js';
import { ApiError } from './api.error.js';
import { chatBody, type Completion, type Embeddings, type Prompt, readCompletion, readEmbeddings } from './protocol.js';

const PATIENCE_MS = 60_000;

/** Any HTTP API that speaks the protocol of OpenAI. It knows nothing of caching: every call goes out and costs. */
@Injectable()
export class LanguageApi {
  constructor(
    private readonly settings: Settings,
    private readonly ledger: Ledger,
  ) {}

  async complete(prompt: Prompt): Promise<Completion> {
    const answer = await this.json('/chat/completions', chatBody(prompt));
    const completion = readCompletion(prompt.model, answer);
    this.ledger.pay(prompt.model, completion.usage, 1);
    return completion;
  }

  async embed(model: string, texts: readonly string[]): Promise<Embeddings> {
    const answer = await this.json('/embeddings', { model, input: texts });
    const embeddings = readEmbeddings(texts.length, answer);
    this.ledger.pay(model, embeddings.usage, texts.length);
    return embeddings;
  }

  /** Server-sent events, as they come. Whoever cancels the stream ends the request. */
  async stream(prompt: Prompt): Promise<ReadableStream<Uint8Array>> {
    this.ledger.stream();
    const { body } = await this.post('/chat/completions', { ...chatBody(prompt), stream: true });
    if (body === null) throw new ApiError('The API answered nothing');
    return body;
  }

  private async json(path: string, body: object): Promise<unknown> {
    const response = await this.post(path, body, AbortSignal.timeout(PATIENCE_MS));
    try {
      return await response.json();
    } catch (cause) {
      throw new ApiError('The answer of the API ended early, or is not JSON', undefined, { cause });
    }
  }

  private async post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
    const { baseUrl, apiKey } = this.settings;
    const authorization: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const headers = { 'content-type': 'application/json', ...authorization };
    this.ledger.call();
    try {
      const response = await fetch(baseUrl + path, { method: 'POST', headers, body: JSON.stringify(body), signal });
      if (response.ok) return response;
      await response.body?.cancel();
      throw new ApiError(`The API answered ${response.status}`, response.status);
    } catch (cause) {
      this.ledger.fail();
      if (cause instanceof ApiError) throw cause;
      throw new ApiError('The API does not answer', undefined, { cause });
    }
  }
}
