export { FakeClock } from '../../lib/testing/time/fake-clock.js';
