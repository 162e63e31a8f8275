import { createInterface } from 'node:readline';

// The collector of `bench:store` as it is shipped, in a process of its own, so that its memory and CPU are its alone.
// One line out: its address. Any line in: one line out with CPU seconds of all threads and resident bytes.
const BUILT = new URL('../../dist/collector.js', import.meta.url);
const { createCollector, createKeyRing, openSqliteStore, serveCollector } = (await import(
  BUILT.href
)) as typeof import('../../edge/server.ts');

const [directory = ''] = process.argv.slice(2);
// Short, so that a run need not wait long for its blocks.
const quietMs = 1000;
const report = (message: string): boolean => process.stderr.write(message);
const store = await openSqliteStore({ directory, quietMs, maxBytes: 2 ** 40, report });
const collector = createCollector({ store, keys: createKeyRing([]), acceptLocal: true });
const server = await serveCollector({ collector, port: 0 });
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);

for await (const _ of createInterface({ input: process.stdin })) {
  const { user, system } = process.cpuUsage();
  const usage = { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
  process.stdout.write(`${JSON.stringify(usage)}\n`);
}
await server.close();
await store.close();
