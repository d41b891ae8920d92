/**
 * Why bytes could not be read.
 * - `frame`: too short, of an unknown version or layout.
 * - `size`: larger than allowed, or than they say.
 * - `compression`: they do not decompress.
 * - `format`: a serialised form that this release does not know.
 * - `content`: they are not what the serialised form says.
 * - `depth`: nested too deeply.
 * - `type`: a registered type that is not registered here, or whose `decode` failed.
 * - `encrypted`: encrypted, and no key is configured.
 * - `plaintext`: not encrypted although a key is configured.
 * - `unknown-key`: encrypted under a key that is not configured.
 * - `forged`: altered, truncated, or moved from another key or namespace.
 */
export type UnreadableReason =
  | 'frame'
  | 'size'
  | 'compression'
  | 'format'
  | 'content'
  | 'depth'
  | 'type'
  | 'encrypted'
  | 'plaintext'
  | 'unknown-key'
  | 'forged';

const SECURITY: ReadonlySet<UnreadableReason> = new Set(['plaintext', 'unknown-key', 'forged']);

/** Bytes that are no value: a miss to the cache. The message says why, and nothing of what is in them. */
export class UnreadableError extends Error {
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }

  override get name(): string {
    return 'UnreadableError';
  }

  /** Whether encryption was configured and the bytes are not what somebody with the key put in this place. */
  get security(): boolean {
    return SECURITY.has(this.reason);
  }
}
