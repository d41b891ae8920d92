import { serve, settings } from './serve.mjs';

const { findDriver, openSqlite } = await import(`${process.env.BLOSSOM_LIB}stores/file/sqlite.js`);
const db = openSqlite(findDriver(), settings.path);

serve({
  lock: ({ how }) => void db.exec(`BEGIN ${how}`),
  unlock: () => void db.exec('ROLLBACK'),
});
