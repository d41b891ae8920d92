import { BadRequestException } from '@nestjs/common';
import { isModelName } from '../api/model-name.js';

const MAX_TEXT = 20_000;
const MAX_TEXTS = 100;

/** The properties of a request's body, if there are none but these. */
export function fields<Name extends string>(body: unknown, names: readonly Name[]): Partial<Record<Name, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw refusal('the body', 'a JSON object');
  const unknown = Object.keys(body).filter((name) => !names.includes(name as Name));
  if (unknown.length > 0) throw new BadRequestException(`unknown: ${unknown.join(', ')}; known: ${names.join(', ')}`);
  return body as Partial<Record<Name, unknown>>;
}

export function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_TEXT && value.isWellFormed()) {
    return value;
  }
  throw refusal(name, `a text of 1 to ${MAX_TEXT} characters`);
}

export function texts(name: string, value: unknown): string[] {
  if (Array.isArray(value) && value.length >= 1 && value.length <= MAX_TEXTS) {
    return value.map((one, index) => text(`${name}[${index}]`, one));
  }
  throw refusal(name, `a list of 1 to ${MAX_TEXTS} texts`);
}

export function numberBetween(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw refusal(name, `a number from ${min} to ${max}`);
}

export function integerBetween(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value)) return numberBetween(name, value, min, max);
  throw refusal(name, `a whole number from ${min} to ${max}`);
}

export function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw refusal(name, 'true or false');
}

export function modelName(value: unknown): string {
  if (isModelName(value)) return value;
  throw refusal('model', 'the name of a model');
}

/** What a request may leave out. */
export function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function refusal(name: string, wanted: string): BadRequestException {
  return new BadRequestException(`${name}: ${wanted}`);
}
