/** The API did not answer as it should. What it said itself is left out: it may repeat keys and prompts. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** Its status; undefined where there was no answer. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
