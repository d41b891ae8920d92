import type { Draft, LeaseAnswer, LeaseBusy, LeasePurpose } from '../store.js';
import type { EntryReader } from './entry-reader.js';
import { spanOf, type EntryWriter, type Place } from './entry-writer.js';
import type { BelievedStamps } from './believed-stamps.js';
import { NONE } from './local-stamps.js';
import { packStamps, readLease, StoredRecord, type Stamps } from './record.js';
import type { RedisBackend } from './redis.backend.js';
import { RedisLease, type LeaseHome } from './redis.lease.js';
import { COMMIT, HOLDS, LEASE, LOG_CLEAN, LOG_HEAD, RELEASE, YIELD } from './scripts.js';
import { tagHash } from './tag-hash.js';
import { uniqueId } from './unique-ids.js';
import { waitForChange } from './wait-for-change.js';

/** Rounds in which a lease may turn out to be asked for with what is not so any more. */
const ROUNDS = 20;
/** An entry whose life is not known yet. */
const ANY_LIFE = { ttl: 0, grace: 0 };

/** How a script goes about it: after `load` and `ahead` others are waited for; with `load` a fresh entry will do. */
const WAYS: Readonly<Record<LeasePurpose, string>> = { load: 'load', ahead: 'ahead', refresh: 'take', write: 'take' };

/** What is asked of a script, and what it would not know otherwise. */
interface Asked {
  token: Buffer;
  readonly purpose: LeasePurpose;
  /** Of an entry that is void. */
  voidVersion: Buffer;
  /** Of a lease that is void. */
  voidToken: Buffer;
  /** Of an entry that is not fresh, though its time is not over. */
  staleVersion: Buffer;
}

/** Grants and ends the leases of one namespace. */
export class LeaseOffice implements LeaseHome {
  constructor(
    private readonly backend: RedisBackend,
    private readonly namespace: string,
    private readonly reader: EntryReader,
    private readonly writer: EntryWriter,
  ) {}

  async lease(key: string, tags: readonly string[], purpose: LeasePurpose): Promise<LeaseAnswer> {
    const { commands, leases, names } = this.backend;
    const at = await this.writer.place(key);
    const stamps = this.writer.believe(tags, ANY_LIFE);
    const log = commands.run(LOG_HEAD, [names.log], [uniqueId()]);
    log.catch(() => {});
    const asked: Asked = { token: uniqueId(), purpose, voidVersion: NONE, voidToken: NONE, staleVersion: NONE };
    // A lease that carries a stamp before there is one would look void.
    await stamps.prepare();
    for (let round = 0; round < ROUNDS; round += 1) {
      const [[what, found, ...more], same] = await Promise.all([this.#ask(at, asked, stamps), stamps.confirm()]);
      if (what === 'lease' && !same) {
        // It carries stamps that are not right any more: others take it for void, and must not take the next one for it.
        asked.voidToken = asked.token;
        asked.token = uniqueId();
      } else if (what === 'lease') {
        const lease = new RedisLease(key, at.name, asked.token, stamps, (await log) as Buffer, this);
        leases.add(lease);
        return lease;
      } else if (what === 'stamps') stamps.correct([found, ...more]);
      else if (what === 'entry') {
        const entry = await this.reader.read(key, found, at, at.now);
        if (entry !== undefined && at.now < entry.expiresAt) return { entry };
        const version = Buffer.from(StoredRecord.readHead(found)?.version ?? NONE);
        // What may be served stale stays there while it is loaded anew.
        if (entry === undefined) asked.voidVersion = version;
        else asked.staleVersion = version;
      } else {
        const other = readLease(found);
        if (other.stamps !== undefined && (await this.reader.areValid(other.stamps))) {
          return this.#busy(at.name, Buffer.from(other.token), Number(more[0]!.toString()), other.stamps);
        }
        asked.voidToken = Buffer.from(other.token);
      }
    }
    return { freed: Promise.resolve() };
  }

  async holds(lease: RedisLease, lateTags: readonly string[]): Promise<boolean> {
    const { commands, names } = this.backend;
    const [held, same, clean] = await Promise.all([
      commands.run(HOLDS, [lease.name], [lease.token]),
      lease.stamps.areCurrent(),
      lateTags.length === 0 ? 1 : commands.run(LOG_CLEAN, [names.log], [lease.logHead, ...lateTags.map(tagHash)]),
    ]);
    return held === 1 && same && clean === 1;
  }

  async commit(lease: RedisLease, draft: Draft): Promise<boolean> {
    const { leases } = this.backend;
    try {
      return await this.#commit(lease, draft);
    } finally {
      leases.delete(lease);
    }
  }

  async yield({ name, token }: RedisLease): Promise<void> {
    await this.backend.commands.run(YIELD, [name], [token]);
  }

  async release(lease: RedisLease): Promise<void> {
    this.backend.leases.delete(lease);
    await this.backend.commands.run(RELEASE, [lease.name], [lease.token]);
  }

  async #commit(lease: RedisLease, draft: Draft): Promise<boolean> {
    const { commands, events } = this.backend;
    const { key, name, token, stamps } = lease;
    const frame = this.writer.encode(key, draft.value);
    const at = await this.writer.place(key);
    const late = [...new Set(draft.tags)].filter((tag) => !stamps.tags.includes(tag));
    const lateStamps = this.writer.believe(late, draft);
    if (late.length > 0 && !(await this.#areClean(lease, lateStamps))) {
      await this.release(lease);
      return false;
    }
    const carried = stamps.forTags(draft.tags, lateStamps);
    const record = draft.ttl > 0 ? this.writer.record(key, spanOf(draft, at), carried, frame) : undefined;
    const life = record === undefined ? '0' : this.writer.kept(draft);
    const parameters = [token, record ?? NONE, life, stamps.lifeFor(draft), ...stamps.exactly];
    const commit = (): Promise<unknown> => commands.run(COMMIT, [name, ...stamps.names], parameters);
    const stored = await this.#unlessVoid(lease, draft, commit);
    if (stored && record !== undefined) events.emit('set', { namespace: this.namespace, key });
    return stored;
  }

  /**
   * Where one server cannot check all the stamps: an entry that carries a namespace's which is not right is as good as none, so
   * that both can be asked at the same time. Those of tags have to be right before: else what may be served stale is replaced.
   */
  async #unlessVoid(lease: RedisLease, draft: Draft, commit: () => Promise<unknown>): Promise<boolean> {
    const { stamps } = lease;
    if (!this.backend.commands.split) return (await commit()) === 1;
    if (stamps.tags.length === 0) {
      const [held, same] = await Promise.all([commit(), stamps.areCurrent(draft)]);
      return held === 1 && same;
    }
    if (await stamps.areCurrent(draft)) return (await commit()) === 1;
    await this.backend.commands.run(RELEASE, [lease.name], [lease.token]);
    return false;
  }

  /** Whether none of the tags was invalidated since the lease was granted, and none will have been without being noticed. */
  async #areClean(lease: RedisLease, late: BelievedStamps): Promise<boolean> {
    const { commands, names } = this.backend;
    await late.ask();
    const clean = await commands.run(LOG_CLEAN, [names.log], [lease.logHead, ...late.tags.map(tagHash)]);
    return clean === 1;
  }

  async #ask(at: Place, asked: Asked, stamps: BelievedStamps): Promise<[string, Buffer, ...Buffer[]]> {
    const { token, purpose, voidVersion, voidToken, staleVersion } = asked;
    const parameters = [
      token,
      purpose === 'write' ? '2' : '1',
      String(this.backend.leaseTime),
      WAYS[purpose],
      String(at.now + at.offset),
      voidVersion,
      voidToken,
      staleVersion,
      packStamps(stamps.stamps),
      stamps.lifeText,
      ...stamps.parameters(),
    ];
    const [what, ...found] = (await this.backend.commands.run(
      LEASE,
      [at.name, ...stamps.names],
      parameters,
    )) as Buffer[];
    return [what!.toString(), ...found] as [string, Buffer, ...Buffer[]];
  }

  #busy(name: string, token: Buffer, left: number, stamps: Stamps): LeaseBusy {
    const stampNames = this.reader.stampNamesOf(stamps);
    const areValid = (): Promise<boolean> => this.reader.areValid(stamps);
    return { freed: waitForChange(this.backend, { name, token, left, stampNames, areValid }) };
  }
}
