import type { Usage } from './usage.js';

/** US dollars for a million tokens. */
interface Price {
  readonly prompt: number;
  readonly completion: number;
}

/** Prices change: put in those of your contract. The stand-in costs nothing; its prices are made up to have something to add up. */
const PRICES: Readonly<Record<string, Price>> = {
  'gpt-4o': { prompt: 2.5, completion: 10 },
  'gpt-4o-mini': { prompt: 0.15, completion: 0.6 },
  'text-embedding-3-small': { prompt: 0.02, completion: 0 },
  'stand-in-small': { prompt: 0.15, completion: 0.6 },
  'stand-in-large': { prompt: 2.5, completion: 10 },
  'stand-in-embedding': { prompt: 0.02, completion: 0 },
};

/** US dollars; undefined for a model without a price. */
export function priceOf(model: string, { promptTokens, completionTokens }: Usage): number | undefined {
  const price = Object.hasOwn(PRICES, model) ? PRICES[model] : undefined;
  return price && (promptTokens * price.prompt + completionTokens * price.completion) / 1_000_000;
}
