import type { Codec, Payload } from '../../codec/codec.js';
import type { Sealer } from '../../codec/sealer.js';
import type { Command, LeaseResult, PackedDraft, Results, Stored, Terms } from './commands.js';
import type { EntryPlace, EntryTable, Held } from './entry-table.js';
import type { LeaseTable } from './lease-table.js';
import type { SpaceTable } from './space-table.js';
import type { Standings } from './standings.js';
import type { TagTable } from './tag-table.js';

type CommandOf<O extends Command['op']> = Extract<Command, { op: O }>;

/** Carries out commands, within a transaction that its caller begins and ends. */
export class Executor {
  constructor(
    private readonly spaces: SpaceTable,
    private readonly entries: EntryTable,
    private readonly tags: TagTable,
    private readonly leases: LeaseTable,
    private readonly standings: Standings,
    private readonly codec: Codec,
    private readonly sealer: Sealer,
    private readonly scope: string,
  ) {}

  /** @param bytes where the values of drafts lie. */
  run(command: Command, bytes: Uint8Array): Results[Command['op']] {
    switch (command.op) {
      case 'write':
        return this.#write(command, bytes);
      case 'add':
        return this.#add(command, bytes);
      case 'swap':
        return this.#swap(command, bytes);
      case 'remove':
        return this.#take(command, () => true) ?? false;
      case 'take':
        return this.#take(command, (held, place) => this.entries.raw(place, held));
      case 'discard':
        return this.#discard(command);
      case 'increment':
        return this.#increment(command);
      case 'touch':
        return this.#touch(command);
      case 'lease':
        return this.#lease(command);
      case 'commit':
        return this.#commit(command, bytes);
      case 'yield':
        return this.#ofLease(command, (place) => this.leases.yield(place, command.token));
      case 'release':
        return this.#ofLease(command, (place) => this.leases.end(place, command.token));
      case 'renew':
        return this.#ofLease(command, (place) => this.leases.renew(place, command.token));
      case 'clear':
        return this.#done(this.spaces.clear(command.space));
      case 'invalidate':
        return this.#done(...command.tags.map((tag) => this.tags.invalidate(tag, command.allowStale)));
      case 'used':
        return this.#done(...command.uses.map(([id, times]) => this.standings.note(id, times, this.entries.moment)));
    }
  }

  #write(command: CommandOf<'write' | 'add' | 'swap'>, bytes: Uint8Array): Stored {
    const place = { space: this.spaces.findOrCreate(command.space), key: command.key };
    const stored = this.#put(command.space, place, command.draft, bytes);
    this.leases.void(place);
    return stored;
  }

  #add(command: CommandOf<'write' | 'add' | 'swap'>, bytes: Uint8Array): Stored {
    return this.#fresh(command) === undefined ? this.#write(command, bytes) : 'not stored';
  }

  #swap(command: CommandOf<'write' | 'add' | 'swap'>, bytes: Uint8Array): Results['swap'] {
    const before = this.#fresh(command, (held, place) => this.entries.raw(place, held));
    return { before, stored: this.#write(command, bytes) };
  }

  #take<T>(command: CommandOf<'remove' | 'take'>, answer: (held: Held, place: EntryPlace) => T): T | undefined {
    const space = this.spaces.find(command.space);
    if (space === undefined) return undefined;
    const place = { space, key: command.key };
    const held = this.entries.fresh(place);
    const taken = held === undefined ? undefined : answer(held, place);
    this.entries.remove(place);
    this.leases.void(place);
    return taken;
  }

  #discard({ space, key, head }: CommandOf<'discard'>): undefined {
    const found = this.spaces.find(space);
    if (found !== undefined) this.entries.discard({ space: found, key }, head);
  }

  #increment(command: CommandOf<'increment'>): Results['increment'] {
    const place = { space: this.spaces.findOrCreate(command.space), key: command.key };
    const held = this.entries.fresh(place);
    const before = held === undefined ? UNREADABLE : this.#value(command, place, held);
    if (before === UNREADABLE) return this.#count(command, place);
    if (typeof before !== 'number') return { found: before === null ? 'null' : typeof before };
    const value = before + command.by;
    this.entries.replaceValue(place, held!, this.#seal(command, this.codec.serialise(value)));
    this.leases.void(place);
    return { value, stored: 'not stored' };
  }

  /** The first increment. */
  #count(command: CommandOf<'increment'>, place: EntryPlace): Results['increment'] {
    const value = 0 + command.by;
    const stored = this.entries.put(place, this.#seal(command, this.codec.serialise(value)), command.terms);
    this.leases.void(place);
    return { value, stored };
  }

  #touch(command: CommandOf<'touch'>): boolean {
    const touched = this.#fresh(command, (held, place) => {
      if (command.ttl <= 0) this.entries.remove(place);
      else this.entries.reschedule(place, held, command.ttl);
      this.leases.void(place);
      return true;
    });
    return touched ?? false;
  }

  #lease(command: CommandOf<'lease'>): LeaseResult {
    const place = { space: this.spaces.findOrCreate(command.space), key: command.key };
    if (command.purpose === 'load') {
      const held = this.entries.fresh(place);
      if (held !== undefined) return { entry: this.entries.raw(place, held) };
    }
    if (command.purpose === 'load' || command.purpose === 'ahead') {
      const busy = this.leases.loading(place);
      if (busy !== undefined) return { busy };
    }
    return { token: this.leases.take(place, command.tags, command.purpose) };
  }

  #commit(command: CommandOf<'commit'>, bytes: Uint8Array): Results['commit'] {
    const space = this.spaces.find(command.space);
    if (space === undefined) return { held: false, stored: 'not stored' };
    const place = { space, key: command.key };
    const held = this.leases.holds(place, command.token, command.draft.tags);
    this.leases.end(place, command.token);
    return { held, stored: held ? this.#put(command.space, place, command.draft, bytes) : 'not stored' };
  }

  #ofLease(command: CommandOf<'yield' | 'release' | 'renew'>, act: (place: EntryPlace) => void): undefined {
    const space = this.spaces.find(command.space);
    if (space !== undefined) act({ space, key: command.key });
  }

  #fresh<T = true>(
    { space, key }: { space: string; key: string },
    answer: (held: Held, place: EntryPlace) => T = () => true as T,
  ): T | undefined {
    const found = this.spaces.find(space);
    if (found === undefined) return undefined;
    const place = { space: found, key };
    const held = this.entries.fresh(place);
    return held === undefined ? undefined : answer(held, place);
  }

  #put(space: string, place: EntryPlace, draft: PackedDraft, bytes: Uint8Array): Stored {
    const payload = { format: draft.format, bytes: bytes.subarray(draft.at, draft.at + draft.length) };
    const terms: Terms = draft;
    return this.entries.put(
      place,
      terms.ttl > 0 ? this.#seal({ space, key: place.key }, payload) : payload.bytes,
      terms,
    );
  }

  #seal({ space, key }: { space: string; key: string }, payload: Payload): Uint8Array {
    return this.sealer.seal(payload, { namespace: this.scope + space, key });
  }

  /** The value of an entry. */
  #value({ space, key }: { space: string; key: string }, place: EntryPlace, held: Held): unknown {
    try {
      return this.codec.decode(this.entries.raw(place, held).value, { namespace: this.scope + space, key });
    } catch {
      return UNREADABLE;
    }
  }

  #done(..._results: unknown[]): undefined {}
}

const UNREADABLE = Symbol('unreadable');
