import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounts a small file system of its own, in memory. */
export function mount(path: string, options: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'blossom', path], { stdio: 'pipe' });
}

export function unmount(path: string): void {
  execFileSync('umount', ['-l', path], { stdio: 'pipe' });
}

/** Whether this process may: it takes an administrator of Linux. */
export const MAY_MOUNT = ((): boolean => {
  const path = mkdtempSync(join(tmpdir(), 'blossom-mount-'));
  try {
    mount(path, 'size=1m');
    unmount(path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
})();
