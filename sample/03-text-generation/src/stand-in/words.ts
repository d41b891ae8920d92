import { createHash } from 'node:crypto';

/** A token of the stand-in: up to six characters and the space before them. */
export const tokensOf = (text: string): string[] => text.match(/\s*\S{1,6}/g) ?? [];

/** Says nothing about the question, but what was asked for: a short word, a label, or some thirty words. */
export function words(system: string, prompt: string, temperature: number): string {
  const wanted = /^Say only: (.+)$/.exec(prompt)?.[1];
  if (wanted !== undefined) return wanted;
  const labels = /one of these labels[^:]*: (.+)$/.exec(system)?.[1]?.split(', ');
  if (labels !== undefined) return labels.find((label) => mentions(prompt, label)) ?? pick(labels, prompt);
  const variant = temperature === 0 ? '' : ` Variant ${Math.floor(Math.random() * 1_000_000)}.`;
  return (
    `[stand-in] You asked: "${prompt}".${variant} This is where a language model would answer. The stand-in speaks its ` +
    'protocol and counts its tokens, takes its time, and understands nothing of what it is asked.'
  );
}

/** The same text has the same vector, and another one another, which says nothing of what they mean. */
export function vector(text: string): number[] {
  return [...createHash('sha256').update(text).digest()].map((byte) => (byte - 127.5) / 127.5);
}

function mentions(text: string, label: string): boolean {
  return text.toLowerCase().includes(label.toLowerCase());
}

function pick(labels: readonly string[], text: string): string {
  return labels[createHash('sha256').update(text).digest()[0]! % labels.length]!;
}
