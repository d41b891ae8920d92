import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Claims a folder for this process and returns what gives it back. PGlite is one process's PostgreSQL and does not notice
 * a second one in its folder; both would write to the same files.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'owner.pid');
  const owner = Number(await readFile(file, 'utf8').catch(() => 0));
  if (isOtherProcess(owner)) {
    throw new Error(
      `The cities in ${folder} are in use by process ${owner}: this sample runs already. ` +
        `Stop that process, or choose another folder with CITIES_DATA_DIR. (If it is no sample, delete ${file}.)`,
    );
  }
  await writeFile(file, String(process.pid));
  return () => rm(file, { force: true });
}

function isOtherProcess(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
