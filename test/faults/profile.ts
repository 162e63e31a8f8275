import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium } from 'playwright';
import { CHROMIUM_ARGS, ensureChromium } from '../../scripts/chromium.ts';

/** The browser profile of one cell. */
export interface Profile {
  context(): BrowserContext;
  /** Kills the whole browser, as the system would, and starts it again on the same profile. */
  killAndReopen(): Promise<void>;
  /**
   * Starts the browser again with one page and no debugger on it, for what an attached debugger switches off; ends it,
   * and starts it again as before, when `during` is done.
   */
  unattended(url: string, during: () => Promise<void>): Promise<void>;
  /** Stops the whole browser for so long, as a machine that sleeps does. */
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** A fresh profile in a browser that other cells use as well; it cannot be killed. */
export async function sharedProfile(browser: Browser): Promise<Profile> {
  const context = await browser.newContext();
  const refuse = () => Promise.reject(new Error('This cell needs a browser of its own.'));
  return {
    context: () => context,
    killAndReopen: refuse,
    unattended: refuse,
    sleep: refuse,
    close: () => context.close(),
  };
}

const LISTENING = /^DevTools listening on (ws:\S+)/;

/** A profile on disk in a browser process of its own. */
export async function ownProfile(): Promise<Profile> {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-profile-'));
  let child: ChildProcess;
  let browser: Browser;

  function start(...more: string[]): void {
    // A process group of its own: the browser's helpers must die with it.
    const args = [...CHROMIUM_ARGS, `--user-data-dir=${directory}`, ...more];
    child = spawn(ensureChromium(), args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  }

  async function open(): Promise<void> {
    start('--remote-debugging-port=0', 'about:blank');
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    const address = await new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => {
        const [, listening] = LISTENING.exec(line) ?? [];
        if (listening) resolve(listening);
      });
      child.once('exit', () => reject(new Error('Chromium ended before it listened.')));
    });
    browser = await chromium.connectOverCDP(address);
  }

  async function kill(): Promise<void> {
    const ended = once(child, 'exit');
    process.kill(-(child.pid as number), 'SIGKILL');
    await ended;
    await browser.close().catch(() => {}); // expected: its other end is gone
  }

  await open();
  return {
    context: () => browser.contexts()[0] as BrowserContext,
    async killAndReopen() {
      await kill();
      await open();
    },
    async sleep(ms) {
      process.kill(-(child.pid as number), 'SIGSTOP');
      // The pause is what is asked for.
      await new Promise((resolve) => setTimeout(resolve, ms));
      process.kill(-(child.pid as number), 'SIGCONT');
    },
    async unattended(url, during) {
      await kill();
      start(url);
      child.stderr?.resume();
      await during();
      await kill();
      await open();
    },
    async close() {
      await kill();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
