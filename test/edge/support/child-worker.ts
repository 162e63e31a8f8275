import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundle, type Worker } from './workerd.ts';

/**
 * Runs a worker of `test/edge/workers` in a process of its own, bundled against the built package. The worker's first
 * line on stdout is its port, and it exits when its stdin closes, so that it never outlives the tests.
 */
export async function startChild(
  [program, ...args]: readonly [string, ...string[]],
  entry: string,
  env: Record<string, string>,
): Promise<Worker> {
  const folder = mkdtempSync(fileURLToPath(new URL('../workers/.child-', import.meta.url)));
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, await bundle(entry, { conditions: [] }));
  const child = spawn(program, [...args, file], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const stop = async (): Promise<void> => {
    rmSync(folder, { recursive: true, force: true });
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
  };
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (/^\d+$/.test(line)) resolve(Number(line));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The worker exited with ${code} before it listened.`)));
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url: `http://127.0.0.1:${port}`, stop };
}
