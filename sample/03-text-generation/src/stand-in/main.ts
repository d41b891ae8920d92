import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { StandInServer } from './server.js';

// A process of its own: it tells the one that started it where it listens, and ends with it.
const { http } = new StandInServer();
http.listen(0, '127.0.0.1');
await once(http, 'listening');
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.send!(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
