import { BadRequestException } from '@nestjs/common';
import { type CityChange, POPULATION_STEPS } from './city.js';

const MAX_NAME = 200;
const MAX_POPULATION = 2_000_000_000;

export function numberBetween(name: string, text: unknown, min: number, max: number): number {
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new BadRequestException(`${name}: a number from ${min} to ${max}`);
}

export function integerBetween(name: string, text: unknown, min: number, max: number): number {
  const value = numberBetween(name, text, min, max);
  if (Number.isInteger(value)) return value;
  throw new BadRequestException(`${name}: a whole number`);
}

export function populationStep(text: unknown): number {
  const value = Number(text);
  if (POPULATION_STEPS.includes(value)) return value;
  throw new BadRequestException(`minPopulation: one of ${POPULATION_STEPS.join(', ')}`);
}

export function searchText(text: unknown): string {
  if (isText(text) && text.trim().length >= 2) return text.trim();
  throw new BadRequestException(`q: a text of 2 to ${MAX_NAME} characters`);
}

export function countryCode(text: string): string {
  if (/^[a-z]{2}$/i.test(text)) return text.toUpperCase();
  throw new BadRequestException('country: a code of two letters, such as FR');
}

export function cityChange(body: unknown): CityChange {
  const { name, population, ...others } = Object(body) as CityChange & Record<string, unknown>;
  if (Object.keys(others).length > 0) throw new BadRequestException(`unknown: ${Object.keys(others).join(', ')}`);
  if (name === undefined && population === undefined) throw new BadRequestException('name or population is needed');
  if (name !== undefined && !(isText(name) && name.trim()))
    throw new BadRequestException(`name: a text of 1 to ${MAX_NAME} characters`);
  if (population !== undefined && !isPopulation(population)) {
    throw new BadRequestException(`population: a whole number from 0 to ${MAX_POPULATION}`);
  }
  return { ...(name !== undefined && { name: name.trim() }), ...(population !== undefined && { population }) };
}

/** PostgreSQL's text holds every character but NUL. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME && !value.includes('\0');
}

function isPopulation(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_POPULATION;
}
