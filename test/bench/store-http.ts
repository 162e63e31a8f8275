import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createCollector } from '../../edge/collector/create-collector.ts';
import { createKeyRing } from '../../edge/collector/key-ring.ts';
import { serveCollector } from '../../edge/server.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { startTimer } from './store-report.ts';

const CLIENT = fileURLToPath(new URL('./store-client.ts', import.meta.url));

export interface HttpResults {
  /** Spans a second of CPU of the collector, from the request to the block. */
  whole: number;
  /** Milliseconds to the answer at half of the rate it can take, alone and while two others search without pause. */
  halfLoad: { p50: number; p99: number };
  searched: { p50: number; p99: number };
}

/** The collector as it is run, asked by a process on another core. */
export async function measureHttp(
  directory: string,
  format: 'json' | 'protobuf',
  views: number,
  spans: number,
): Promise<HttpResults> {
  const store = await openSqliteStore({ directory });
  const collector = createCollector({ store, keys: createKeyRing([]), acceptLocal: true });
  const server = await serveCollector({ collector, port: 0 });
  const clients = await Promise.all([1, 2, 3, 4].map((seed) => startClient(server.url, format, views, seed)));
  try {
    const [first, second, third, fourth] = clients as [Client, Client, Client, Client];
    // Compiled code, not the compiler, is what is measured.
    await first.run({ perSecond: 0, searches: 0 });
    const timer = startTimer();
    const startedMs = performance.now();
    const requests = (await second.run({ perSecond: 0, searches: 0 })).length;
    const seconds = (performance.now() - startedMs) / 1000;
    const whole = spans / timer.cpuSeconds();
    const half = requests / seconds / 2;
    const halfLoad = await third.run({ perSecond: half, searches: 0 });
    const searched = await fourth.run({ perSecond: half, searches: 2 });
    return { whole, halfLoad: percentiles(halfLoad), searched: percentiles(searched) };
  } finally {
    for (const { child } of clients) child.kill();
    await server.close();
    await store.close();
  }
}

interface Client {
  child: ChildProcess;
  run(work: { perSecond: number; searches: number }): Promise<number[]>;
}

async function startClient(url: string, format: string, views: number, seed: number): Promise<Client> {
  const command = [process.execPath, CLIENT, url, format, String(views), String(seed)];
  const pinned = process.platform === 'linux' ? ['taskset', '-c', '1', ...command] : command;
  const child = spawn(pinned[0] as string, pinned.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('The sender ended too early.');
    return value;
  };
  await line();
  return {
    child,
    async run(work) {
      child.stdin.write(`${JSON.stringify(work)}\n`);
      return JSON.parse(await line());
    },
  };
}

function percentiles(times: number[]): { p50: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
