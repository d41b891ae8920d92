import type { StoreSpace } from '../../../lib/stores/store.js';

export type Operation = { readonly op: string };
export type Held = ReadonlyMap<string, { readonly is: string; readonly tags: readonly string[] }>;

export function apply(held: Held, operation: Operation): Held;
export function read(space: StoreSpace, lane: number, now: number): Record<string, string>;
