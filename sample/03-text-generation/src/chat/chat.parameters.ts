import type { Prompt } from '../api/protocol.js';
import { fields, flag, integerBetween, modelName, numberBetween, optional, text } from '../http/parameters.js';

const PROMPT = ['prompt', 'system', 'model', 'temperature', 'maxTokens', 'seed'] as const;
type Given = Partial<Record<(typeof PROMPT)[number], unknown>>;

export function promptOf(body: unknown, defaultModel: string): Prompt {
  return read(fields(body, PROMPT), defaultModel);
}

/** A prompt, and whether its answer is kept whatever its temperature: `cache: true`. */
export function chatOf(body: unknown, defaultModel: string): { prompt: Prompt; keeps: boolean } {
  const given = fields(body, [...PROMPT, 'cache']);
  const keeps = optional(given.cache, (value) => flag('cache', value)) ?? false;
  return { prompt: read(given, defaultModel), keeps };
}

/** All defaults are filled in, so that what is the same question has the same key. */
function read(given: Given, defaultModel: string): Prompt {
  return {
    model: optional(given.model, modelName) ?? defaultModel,
    system: optional(given.system, (value) => text('system', value)),
    prompt: text('prompt', given.prompt),
    temperature: optional(given.temperature, (value) => numberBetween('temperature', value, 0, 2)) ?? 0,
    maxTokens: optional(given.maxTokens, (value) => integerBetween('maxTokens', value, 1, 100_000)),
    seed: optional(given.seed, (value) => integerBetween('seed', value, 0, 2 ** 31 - 1)),
  };
}
