/** An answer of the stand-in that is an error. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }

  get body(): object {
    return { error: { message: `[stand-in] ${this.code}`, type: 'stand_in_error', code: this.code } };
  }
}
