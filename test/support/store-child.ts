import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { pageViews } from './page-views.ts';

// A process that stores page views until it is killed, and tells on stdout of each batch whose append has resolved.
const [directory, seed, quietMs] = process.argv.slice(2);
try {
  const store = await openSqliteStore({ directory: directory as string, quietMs: Number(quietMs ?? 50) });
  process.stdout.write('open\n');
  const views = pageViews({ seed: Number(seed) });
  const inFlight = new Set<Promise<void>>();
  for (;;) {
    const view = views.next().value;
    view.batches.forEach((batch, i) => {
      const appended = store.append(batch).then(() => {
        // Written at once: what the test reads was resolved before the kill.
        process.stdout.write(`${view.traceId} ${i}\n`);
        inFlight.delete(appended);
      });
      inFlight.add(appended);
    });
    if (inFlight.size > 20) await Promise.race(inFlight);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).name}: ${(error as Error).message}\n`);
  process.exitCode = 3;
}
