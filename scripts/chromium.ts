import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { chromium } from 'playwright';

/** What headless Chromium needs on servers and in CI; nothing here changes what a page can do. */
export const CHROMIUM_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const SYSTEM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

/** Where Chromium is: `CHROMIUM_PATH`, the system's, or Playwright's own download; `undefined` if nowhere. */
export function findChromium(): string | undefined {
  const candidates = [process.env.CHROMIUM_PATH, ...SYSTEM_PATHS, chromium.executablePath()];
  return candidates.find((path): path is string => path !== undefined && path !== '' && isExecutable(path));
}

/**
 * Finds Chromium or installs it: with apt where we are root, else with Playwright's download.
 * @throws Error that says what to install by hand.
 */
export function ensureChromium(): string {
  const found = findChromium();
  if (found) return found;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && existsSync('/usr/bin/apt-get')) {
    console.error('Chromium is missing: installing the system package (apt-get install chromium) …');
    tryRun('apt-get', ['update', '-q']);
    tryRun('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium']);
  } else {
    console.error('Chromium is missing: trying Playwright’s download …');
    tryRun(process.execPath, ['node_modules/playwright/cli.js', 'install', 'chromium']);
  }
  const installed = findChromium();
  if (installed) return installed;
  throw new Error(
    'No Chromium. Install it and try again: "sudo apt-get install chromium" on Debian and Ubuntu, ' +
      '"npx playwright install chromium" elsewhere, or set CHROMIUM_PATH to its executable.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // expected: not there, or not ours to run
  }
}

function tryRun(command: string, args: string[]): void {
  try {
    execFileSync(command, args, {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    console.error(`${command} ${args.join(' ')} failed: ${error instanceof Error ? error.message : error}`);
  }
}

if (import.meta.main) console.log(ensureChromium());
