import { encryptionKeys } from '../../lib/codec/encryption-keys.js';
import { fixedKey, makeCodec } from '../unit/codec/codec-rig.js';
import { describeCodec } from './codec.contract.js';

const keys = encryptionKeys(fixedKey(7));
const compression = { threshold: 1 };

describeCodec('plain', () => makeCodec());
describeCodec('compressed', () => makeCodec({ compression }));
describeCodec('encrypted', () => makeCodec({ keys }));
describeCodec('compressed and encrypted', () => makeCodec({ compression, keys }));
