/** What a command is made of. */
export type RedisArgument = string | number | Buffer;

/** An error that the server answered. */
export class RedisReplyError extends Error {
  override readonly name = 'RedisReplyError';
}

/** A whole reply, and where the next one begins. */
interface Reply {
  readonly value: unknown;
  readonly end: number;
}

type BulkReader = (bytes: Buffer) => unknown;

/** A command in the bytes of RESP2. */
export function encodeCommand(args: readonly RedisArgument[]): Buffer {
  const parts = args.flatMap((arg) => {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts]);
}

/**
 * The reply that begins at `start`, or `undefined` where it has not arrived as a whole. An error of the server is a
 * value here, {@link RedisReplyError}. Integers beyond what a number holds are bigints.
 */
export function readReply(bytes: Buffer, start: number, readBulk: BulkReader): Reply | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd === -1) return undefined;
  const line = bytes.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes[start]) {
    case 0x2b: // +
      return { value: line, end };
    case 0x2d: // -
      return { value: new RedisReplyError(line), end };
    case 0x3a: // :
      return { value: Number.isSafeInteger(Number(line)) ? Number(line) : BigInt(line), end };
    case 0x24: // $
      return readBulkReply(bytes, end, Number(line), readBulk);
    case 0x2a: // *
      return readArray(bytes, end, Number(line), readBulk);
    default:
      throw new Error(`No reply of Redis begins with ${JSON.stringify(bytes.toString('latin1', start, start + 1))}`);
  }
}

function readBulkReply(bytes: Buffer, start: number, length: number, readBulk: BulkReader): Reply | undefined {
  if (length === -1) return { value: null, end: start };
  const end = start + length + 2;
  return bytes.length < end ? undefined : { value: readBulk(bytes.subarray(start, start + length)), end };
}

function readArray(bytes: Buffer, start: number, length: number, readBulk: BulkReader): Reply | undefined {
  if (length === -1) return { value: null, end: start };
  const value: unknown[] = [];
  let end = start;
  for (let left = length; left > 0; left -= 1) {
    const item = readReply(bytes, end, readBulk);
    if (item === undefined) return undefined;
    value.push(item.value);
    end = item.end;
  }
  return { value, end };
}
