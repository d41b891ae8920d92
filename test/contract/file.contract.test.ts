import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import { CacheEvents } from '../../lib/events/cache-events.js';
import { FileStoreRig, PLAIN } from '../support/file-store.js';
import { describeStore } from './store.contract.js';

const LAYERS = {
  plain: PLAIN,
  'compressed and encrypted': { ...PLAIN, compression: { threshold: 0 }, keys: encryptionKeys('ab'.repeat(32)) },
};

for (const [name, sealer] of Object.entries(LAYERS)) {
  describeStore(`file, ${name}`, (clock) => {
    const rig = new FileStoreRig(clock, {}, sealer);
    const events = new CacheEvents((error) => {
      throw error;
    });
    return {
      store: rig.open({}, events),
      events,
      vague: ['cleared'],
      handle: () => rig.open(),
      close: () => rig.close(),
    };
  });
}
