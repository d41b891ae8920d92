/** What an answer takes. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export const NOTHING: Usage = { promptTokens: 0, completionTokens: 0 };

export const plus = (one: Usage, other: Usage): Usage => ({
  promptTokens: one.promptTokens + other.promptTokens,
  completionTokens: one.completionTokens + other.completionTokens,
});

export const minus = (one: Usage, other: Usage): Usage => ({
  promptTokens: one.promptTokens - other.promptTokens,
  completionTokens: one.completionTokens - other.completionTokens,
});
