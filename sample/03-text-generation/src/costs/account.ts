import { priceOf } from './prices.js';
import { minus, NOTHING, plus, type Usage } from './usage.js';

/** Tokens and money, as they are shown. */
export interface Balance extends Usage {
  readonly answers: number;
  readonly usd: number;
  /** Models whose tokens are not in `usd`: nobody said what they cost. */
  readonly withoutPrice: readonly string[];
}

/** Adds up answers by model. */
export class Account {
  private answers = 0;
  private readonly models = new Map<string, Usage>();

  add(model: string, usage: Usage, answers: number): void {
    this.answers += answers;
    this.models.set(model, plus(this.of(model), usage));
  }

  /** What is in this account and not in the other. */
  less(other: Account): Account {
    const rest = new Account();
    rest.answers = this.answers - other.answers;
    for (const model of new Set([...this.models.keys(), ...other.models.keys()])) {
      rest.models.set(model, minus(this.of(model), other.of(model)));
    }
    return rest;
  }

  balance(): Balance {
    const models = [...this.models];
    const usd = models.reduce((total, [model, usage]) => total + (priceOf(model, usage) ?? 0), 0);
    const withoutPrice = models.filter(([model, usage]) => priceOf(model, usage) === undefined);
    return {
      answers: this.answers,
      ...models.reduce((total, [, usage]) => plus(total, usage), NOTHING),
      usd: Number(usd.toFixed(9)),
      withoutPrice: withoutPrice.map(([model]) => model),
    };
  }

  private of(model: string): Usage {
    return this.models.get(model) ?? NOTHING;
  }
}
