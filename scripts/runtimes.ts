import { findRuntime, RUNTIMES, type RuntimeName } from '../test/edge/support/runtime-program.ts';

// Brings Deno and Bun for the tests that run on them: npm run runtimes.
for (const name of Object.keys(RUNTIMES) as RuntimeName[]) {
  const found = findRuntime(name);
  console.log(`${name}: ${'program' in found ? found.program : found.missing}`);
}
