import { defineConfig } from 'vitest/config';

/** One project a folder of `test/`; what needs a built file or a browser says so in its folder's README. */
const project = (name: string, options: { parallel?: boolean; timeoutMs?: number } = {}) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    fileParallelism: options.parallel ?? true,
    testTimeout: options.timeoutMs ?? 20_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      project('unit'),
      project('contracts', { timeoutMs: 60_000 }),
      project('conformance'),
      project('edge', { timeoutMs: 60_000 }),
      project('collector', { timeoutMs: 60_000 }),
      {
        extends: true,
        test: {
          name: 'collector-worker',
          // What the APIs answer is the same wherever they run.
          include: ['test/collector-worker/*.test.ts', 'test/collector/{queries,tools}.test.ts'],
          env: { THROUGHLINE_TEST_RUNTIME: 'workerd' },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      project('browser', { timeoutMs: 60_000 }),
      project('faults', { timeoutMs: 120_000, parallel: false }),
      project('abuse', { timeoutMs: 120_000 }),
      project('e2e', { timeoutMs: 120_000, parallel: false }),
    ],
  },
});
