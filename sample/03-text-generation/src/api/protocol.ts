import type { Usage } from '../costs/usage.js';
import { ApiError } from './api.error.js';

/** What is asked of `/chat/completions`. */
export interface Prompt {
  readonly model: string;
  readonly system?: string | undefined;
  readonly prompt: string;
  readonly temperature: number;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
}

export interface Completion {
  /** As it was asked for. */
  readonly model: string;
  readonly text: string;
  /** `stop` where the model was through; `length`, `content_filter` and others where it was not. */
  readonly finishReason: string;
  readonly usage: Usage;
}

export interface Embeddings {
  /** One for each text, in the order of the texts. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Usage;
}

export function chatBody({ model, system, prompt, temperature, maxTokens, seed }: Prompt): object {
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: prompt },
  ];
  return { model, messages, temperature, max_tokens: maxTokens, seed };
}

export function readCompletion(model: string, answer: unknown): Completion {
  const choice = at(at(answer, 'choices'), 0);
  const content = at(at(choice, 'message'), 'content');
  const finishReason = at(choice, 'finish_reason');
  if (typeof content !== 'string' || typeof finishReason !== 'string') throw unreadable();
  return { model, text: content, finishReason, usage: readUsage(answer) };
}

export function readEmbeddings(texts: number, answer: unknown): Embeddings {
  const data = at(answer, 'data');
  if (!Array.isArray(data) || data.length !== texts) throw unreadable();
  const vectors: number[][] = [];
  for (const one of data) {
    const [index, vector] = [at(one, 'index'), at(one, 'embedding')];
    if (typeof index !== 'number' || !isVector(vector)) throw unreadable();
    vectors[index] = vector;
  }
  if (Object.keys(vectors).length !== texts || vectors.length !== texts) throw unreadable();
  return { vectors, usage: readUsage(answer) };
}

/** Some servers do not count: then nothing is known to be paid or saved. */
function readUsage(answer: unknown): Usage {
  const usage = at(answer, 'usage');
  return { promptTokens: count(at(usage, 'prompt_tokens')), completionTokens: count(at(usage, 'completion_tokens')) };
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

function at(value: unknown, name: string | number): unknown {
  return (Object(value) as Record<string | number, unknown>)[name];
}

function unreadable(): ApiError {
  return new ApiError('The API answered something else than it was asked for');
}
