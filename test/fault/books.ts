import { findDriver, openSqlite } from '../../lib/stores/file/sqlite.js';

/** What does not add up in a database that nobody has open; nothing of that may stay. */
export function audit(path: string): { readonly check: string; readonly row: unknown }[] {
  const db = openSqlite(findDriver(), path);
  try {
    return Object.entries(CHECKS).flatMap(([check, sql]) =>
      db
        .prepare(sql)
        .all()
        .map((row) => ({ check, row })),
    );
  } finally {
    db.close();
  }
}

const CHECKS = {
  integrity: "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
  'what namespaces hold': `
    SELECT s.name, s.entries, s.bytes, count(e.id) AS found, total(length(e.key) + length(e.head) + length(e.value)) AS size
    FROM spaces s LEFT JOIN entries e ON e.space = s.id GROUP BY s.id
    HAVING s.entries <> found OR s.bytes <> size`,
  'entries of no namespace': 'SELECT id, key FROM entries WHERE space NOT IN (SELECT id FROM spaces)',
  'tags that nobody carries': 'SELECT name FROM tags WHERE stamp NOT IN (SELECT stamp FROM links)',
  'links of no tag': 'SELECT stamp, holder FROM links WHERE stamp NOT IN (SELECT stamp FROM tags)',
  'links of nobody': `
    SELECT stamp, holder FROM links
    WHERE holder NOT IN (SELECT id FROM entries) AND -holder NOT IN (SELECT token FROM leases)`,
  leases: 'SELECT space, key FROM leases',
  garbage: 'SELECT kind, id FROM garbage',
  invalidations: 'SELECT seq, name FROM invalidations',
};
