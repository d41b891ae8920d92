import type { Draft, Lease, LeaseAnswer, StoreSpace } from '../../lib/stores/store.js';
import { SPACE_OPERATIONS, through } from '../../lib/testing/faults/far-operations.js';
import type { ClimateName } from './climates.js';
import type { Alteration } from './simulated-backend.js';

/** What is made wrong. */
export interface Plant {
  readonly space?: Alteration;
  /** Whether a node goes on believing what it kept when it finds its backend again. */
  readonly keepsNear?: boolean;
  /** What has to go wrong for it to show: a climate by name. Default: any. */
  readonly climate?: ClimateName;
}

let shadows = 0;

export const PLANTS = {
  'fence removed': {
    space: leasing((space, key, tags, purpose) =>
      committing(space.lease(key, tags, purpose) as LeaseAnswer, (lease, draft) => {
        if (!(lease.commit(draft) as boolean)) void space.write(key, draft);
        return true;
      }),
    ),
  },
  'stamp read after the load': {
    space: leasing((space, key, _tags, purpose) =>
      committing(space.lease(key, [], purpose) as LeaseAnswer, (lease, draft) => {
        const held = lease.holds([]) as boolean;
        void lease.release();
        if (held) void space.write(key, draft);
        return held;
      }),
    ),
  },
  'near tier kept on reconnect': { keepsNear: true, climate: 'parted' },
  'lease not checked at write': {
    space: leasing((space, key, tags, purpose) => {
      // Of a key that nobody changes.
      shadows += 1;
      const onlyTags = space.lease(`shadow ${shadows}`, tags, 'refresh') as Lease;
      return committing(space.lease(key, tags, purpose) as LeaseAnswer, (lease, draft) => {
        const held = onlyTags.holds(draft.tags) as boolean;
        void onlyTags.release();
        void lease.release();
        if (held) void space.write(key, draft);
        return held;
      });
    }),
  },
  'refresh started without lock': {
    climate: 'calm',
    space: leasing((space, key, tags, purpose) => {
      const answer = space.lease(key, tags, purpose) as LeaseAnswer;
      return 'freed' in answer ? (space.lease(key, tags, 'refresh') as LeaseAnswer) : answer;
    }),
  },
} as const satisfies Readonly<Record<string, Plant>>;

type Leasing = (space: StoreSpace, ...asked: Parameters<StoreSpace['lease']>) => LeaseAnswer;

function leasing(lease: Leasing): Alteration {
  return (space) => ({
    ...through(space, SPACE_OPERATIONS, (_operation, _args, call) => call()),
    lease: (...asked) => lease(space, ...asked),
  });
}

function committing(answer: LeaseAnswer, commit: (lease: Lease, draft: Draft) => boolean): LeaseAnswer {
  if (!('commit' in answer)) return answer;
  return {
    holds: (lateTags) => answer.holds(lateTags),
    commit: (draft) => commit(answer, draft),
    yield: () => answer.yield(),
    release: () => answer.release(),
  };
}
