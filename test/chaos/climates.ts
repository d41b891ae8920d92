import { CALM, type Weather } from './network.js';

/** What goes wrong during a run: the weather, and how often something happens per operation. */
export interface Climate {
  readonly weather: Weather;
  readonly partition: number;
  readonly restart: number;
}

export const CLIMATES = {
  calm: { weather: CALM, partition: 0, restart: 0 },
  parted: { weather: { latency: [0, 8], slow: 0.05, loss: 0, overtaking: true }, partition: 0.03, restart: 0 },
  lossy: { weather: { latency: [0, 4], slow: 0.05, loss: 0.02, overtaking: true }, partition: 0, restart: 0 },
  wild: { weather: { latency: [0, 4], slow: 0.02, loss: 0.005, overtaking: true }, partition: 0.02, restart: 0.01 },
} as const satisfies Readonly<Record<string, Climate>>;
export type ClimateName = keyof typeof CLIMATES;
export const CLIMATE_NAMES = Object.keys(CLIMATES) as ClimateName[];
