import { spawn, spawnSync } from 'node:child_process';
import { ensureChromium } from './chromium.ts';

// Everything a change must pass, in the order that fails fastest. Each gate is an npm script of its own.
const GATES = [
  ['check:lint', 'lint, format, folder boundaries'],
  ['check:types', 'types in three environments'],
  ['build', 'build'],
  ['check:size', 'size gates'],
  ['check:unused', 'unused files, exports and dependencies'],
  ['check:package', 'package as published'],
  ['test:all', 'tests'],
] as const;

ensureChromium();
// What the tests on brokers and on other runtimes need comes while the gates before them run; where it does not come, they
// say so.
for (const args of [['brokers.ts', '--fetch', 'rabbitmq'], ['brokers.ts', '--fetch', 'jars'], ['runtimes.ts']]) {
  const [script = '', ...rest] = args;
  const fetching = spawn(process.execPath, [`scripts/${script}`, ...rest], { stdio: 'ignore' });
  fetching.unref();
  process.once('exit', () => fetching.kill());
}
for (const [script, what] of GATES) {
  console.error(`\n── ${what} (npm run ${script})`);
  const startedMs = Date.now();
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.error(`\n${script} failed. Run it alone with: npm run ${script}`);
    process.exit(status ?? 1);
  }
  console.error(`   ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}
