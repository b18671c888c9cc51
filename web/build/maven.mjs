// What Maven asks of npm: `install`, `build`, `lint` and `test`, each skipped where there is nothing to do.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const lock = join(web, 'package-lock.json');
const installed = join(web, 'node_modules', '.installed-lock.json');
const page = join(web, 'dist', 'index.html');

function npm(...args) {
  const { status, error } = spawnSync('npm', args, { cwd: web, stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) {
    console.error(`npm could not be started: ${error.message}. Install Node.js 20.19 or newer with npm, or build with -Dweb.skip.`);
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

function isInstalled() {
  return existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8');
}

/** Time of the newest file below a path, in milliseconds. */
function newest(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name)))) : stat.mtimeMs;
}

function isBuilt() {
  const sources = ['src', 'public', 'index.html', 'package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts'];
  return existsSync(page) && sources.every((name) => newest(join(web, name)) <= statSync(page).mtimeMs);
}

switch (process.argv[2]) {
  case 'install':
    if (isInstalled()) {
      console.log('node_modules are what the lock file names.');
    } else {
      npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
      copyFileSync(lock, installed);
    }
    break;
  case 'build':
    if (isBuilt()) {
      console.log('dist is newer than its sources.');
    } else {
      npm('run', '--silent', 'build');
    }
    break;
  case 'lint':
  case 'test':
    npm('run', '--silent', process.argv[2]);
    break;
  default:
    console.error('Usage: node build/maven.mjs install|build|lint|test');
    process.exit(2);
}
