// node ../library.mjs, in the folder of a sample: builds nestjs-blossom-cache from this checkout and puts the result into its node_modules.
// It is a copy, not a link: through a link Node would find the library's own copy of Nest, and
// two copies of Nest in one process share no injection tokens.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const library = fileURLToPath(new URL('../', import.meta.url));
const installed = join(process.cwd(), 'node_modules/nestjs-blossom-cache');

/** npm in the library's folder, without the settings that npm hands down from this one. */
function npm(...args) {
  console.log(`> npm ${args.join(' ')}   (in the library's folder)`);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const { status } = spawnSync('npm', args, {
    cwd: library,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** The time of the newest file under a folder; 0 where there is none. */
function newest(folder) {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((time, file) => Math.max(time, statSync(join(file.parentPath, file.name)).mtimeMs), 0);
}

if (newest(join(library, 'dist')) <= newest(join(library, 'lib'))) {
  if (!existsSync(join(library, 'node_modules'))) npm('ci');
  npm('run', 'build');
}
rmSync(join(installed, 'dist'), { recursive: true, force: true });
cpSync(join(library, 'dist'), join(installed, 'dist'), { recursive: true });
cpSync(join(library, 'package.json'), join(installed, 'package.json'));
