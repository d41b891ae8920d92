import type { FarStore } from '../store.js';
import type { OperationKind } from './backend-health.js';

/** A namespace that no application has. */
const NAMESPACE = '\0blossom-cache probe';

/** Finds out, without any effect, whether the backend can do what it could not. */
export async function probe(backend: FarStore, kind: OperationKind, now: number): Promise<void> {
  const space = backend.space(NAMESPACE);
  if (kind === 'read') await space.read('', now);
  else if (kind === 'evict') await space.remove('');
  else {
    const lease = await space.lease('', [], 'refresh');
    if ('commit' in lease) await lease.release();
  }
}
