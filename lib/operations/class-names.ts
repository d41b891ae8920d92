import { CacheOptionsError } from '../errors/cache.errors.js';
import type { MethodRecord } from './method-record.js';

/** Who uses which name in default keys: two classes of one name would read each other's entries. */
export class ClassNames {
  private readonly classes = new Map<string, unknown>();
  private readonly methods = new Map<string, MethodRecord>();

  /** @throws {CacheOptionsError} if the name belongs to another class, or the method's to another method. */
  claim(id: string, type: unknown, record: MethodRecord): void {
    const owner = this.classes.get(id) ?? type;
    if (owner !== type) {
      throw new CacheOptionsError(
        `two classes are called '${id}' and would share cache keys: give one of them @CacheConfig({ id: '…' })`,
      );
    }
    this.classes.set(id, type);
    const name = `${id}.${String(record.name)}`;
    const known = this.methods.get(name) ?? record;
    // A subclass that overrides a method and calls the inherited one has two methods of one name.
    if (known !== record && typeof record.name === 'symbol' && known.name !== record.name) {
      throw new CacheOptionsError(
        `${id} has two cached methods named ${name}: give their symbols different descriptions`,
      );
    }
    this.methods.set(name, known);
  }
}
