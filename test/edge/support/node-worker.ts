import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from './workerd.ts';
import { bundle } from './workerd.ts';

/** Runs a worker of `test/edge/workers` in a Node process of its own, bundled against the built package. */
export async function startNode(entry: string, env: Record<string, string>): Promise<Worker> {
  const folder = mkdtempSync(fileURLToPath(new URL('../workers/.node-', import.meta.url)));
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, await bundle(entry));
  const child = fork(file, { env: { ...process.env, ...env } });
  const stop = async (): Promise<void> => {
    rmSync(folder, { recursive: true, force: true });
    if (child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
  };
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`The worker exited with ${code} before it listened.`)));
  });
  return { url: `http://127.0.0.1:${port}`, stop };
}
