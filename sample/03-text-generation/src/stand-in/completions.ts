import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { Refusal } from './refusal.js';
import { tokensOf, vector, words } from './words.js';

const CHAT_MODELS = ['stand-in-small', 'stand-in-large'];
const EMBEDDING_MODELS = ['stand-in-embedding'];
const MS_PER_TOKEN = 5;

interface Message {
  readonly role: string;
  readonly content: string;
}

interface ChatRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly stream?: boolean;
}

interface EmbeddingRequest {
  readonly model: string;
  readonly input: string | readonly string[];
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

interface Written {
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length';
  readonly usage: Usage;
}

export function chat(request: ChatRequest): { body: object; usage: Usage; ms: number } {
  const { pieces, finish, usage } = write(request);
  const message = { role: 'assistant', content: pieces.join('') };
  const choices = [{ index: 0, message, finish_reason: finish }];
  const body = { ...envelope('chat.completion', request.model), choices, usage };
  return { body, usage, ms: pieces.length * MS_PER_TOKEN };
}

export function embeddings({ model, input }: EmbeddingRequest): { body: object; usage: Usage; ms: number } {
  known(model, EMBEDDING_MODELS);
  const texts = typeof input === 'string' ? [input] : input;
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: vector(text) }));
  const usage = usageOf(texts.flatMap(tokensOf).length, 0);
  return { body: { object: 'list', model, data, usage }, usage, ms: 0 };
}

/** Writes an answer as server-sent events, a token at a time. */
export async function stream(request: ChatRequest, response: ServerResponse): Promise<void> {
  const { pieces, finish } = write(request);
  const head = envelope('chat.completion.chunk', request.model);
  const send = (choice: object): boolean =>
    response.write(`data: ${JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] })}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const content of pieces) {
    if (response.destroyed) return;
    send({ delta: { content }, finish_reason: null });
    await sleep(MS_PER_TOKEN);
  }
  send({ delta: {}, finish_reason: finish });
  response.end('data: [DONE]\n\n');
}

function write({ model, messages, temperature = 1, max_tokens: most = Infinity }: ChatRequest): Written {
  known(model, CHAT_MODELS);
  if (!Array.isArray(messages)) throw new Refusal(400, 'invalid_request_error');
  const said = (role: string): string => messages.findLast((message) => message.role === role)?.content ?? '';
  const all = tokensOf(words(said('system'), said('user'), temperature));
  const pieces = all.slice(0, most);
  const asked = messages.flatMap(({ content }) => tokensOf(content)).length;
  return { pieces, finish: pieces.length < all.length ? 'length' : 'stop', usage: usageOf(asked, pieces.length) };
}

function known(model: string, models: readonly string[]): void {
  if (!models.includes(model)) throw new Refusal(404, 'model_not_found');
}

function usageOf(prompt: number, completion: number): Usage {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function envelope(object: string, model: string): object {
  return {
    id: `stand-in-${randomUUID()}`,
    object,
    created: Math.floor(Date.now() / 1_000),
    model,
    system_fingerprint: 'stand-in',
  };
}
