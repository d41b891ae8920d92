import type { Command, Reply } from './redis-client.js';

/** What an answer has to look like: `parts` are one or more byte strings, `values` some or none of them. */
export type ReplyShape = 'number' | 'bytes' | 'value' | 'values' | 'parts' | 'any';

/** Of commands that always answer alike. */
const SHAPES: Readonly<Record<string, ReplyShape>> = {
  GET: 'value',
  GETRANGE: 'value',
  MGET: 'values',
  DEL: 'number',
  EXISTS: 'number',
  TOUCH: 'number',
  PTTL: 'number',
};

export function shapeOf([name]: Command): ReplyShape {
  return SHAPES[name as string] ?? 'any';
}

/** Whether it can be the answer: if not, it belongs to another command, or to nobody. */
export function fits(reply: Reply, shape: ReplyShape): boolean {
  switch (shape) {
    case 'number':
      return typeof reply === 'number';
    case 'bytes':
      return reply instanceof Buffer;
    case 'value':
      return isValue(reply);
    case 'values':
      return Array.isArray(reply) && reply.every(isValue);
    case 'parts':
      return Array.isArray(reply) && reply.length > 0 && reply.every((part) => part instanceof Buffer);
    case 'any':
      return true;
  }
}

function isValue(reply: unknown): boolean {
  return reply === null || reply instanceof Buffer;
}
