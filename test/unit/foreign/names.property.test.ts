import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Names, type NameKind } from '../../../lib/stores/foreign/names.js';

const part = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('1', ':', '0', 'a', 'A', '\ud800') }),
);
const place = fc.tuple(
  part,
  part,
  fc.constantFrom<NameKind>('entry', 'key', 'space', 'tag'),
  fc.array(part, { minLength: 1, maxLength: 3 }),
);

function nameOf([prefix, version, kind, parts]: [string, string, NameKind, string[]]): string {
  return new Names(prefix, version).of(kind, ...parts);
}

it('no two places have one name, whatever a store makes of capital letters', () => {
  fc.assert(
    fc.property(place, place, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(nameOf(one).toLowerCase() === nameOf(other).toLowerCase()).toBe(same);
    }),
    { numRuns: 20_000 },
  );
});

it('a name is short, and has only characters that every store keeps', () => {
  fc.assert(
    fc.property(place, (one) => {
      expect(nameOf(one)).toMatch(/^blossom:[a-z0-9:._-]{1,200}$/);
      expect(nameOf(one)).not.toContain('--');
    }),
    { numRuns: 5_000 },
  );
});

it('what is plain is readable', () => {
  expect(new Names('app', 'v1').of('entry', 'users', 'user:1')).toBe('blossom:5:entry:3:app:2:v1:5:users:6:user:1');
});
