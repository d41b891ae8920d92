import { createHash } from 'node:crypto';

/** Characters up to which a name is stored as it is. */
const LONGEST = 200;

/**
 * How keys and tags are stored: as they are, or, the long ones, as their SHA-256, so that no index page holds
 * but one of them. The first character keeps the two apart.
 */
export function storedName(name: string): string {
  if (name.length <= LONGEST) return `=${name}`;
  return `#${createHash('sha256').update(name).digest('base64url')}`;
}

/** What comes before the names of all namespaces and tags of one cache. The lengths keep two such scopes apart. */
export function scopeOf(prefix: string, version: string): string {
  return `${prefix.length}:${prefix}${version.length}:${version}:`;
}
