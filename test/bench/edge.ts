// What tracing costs at the edge: raw workerd, one process a variant, one route with two loopback subrequests.
// `--json` prints one object as the last line, `--peers` measures other tracers beside ours, in shorter rounds, and
// `--long` watches the memory over 100,000 requests instead of 40,000.
import { gzipSync } from 'node:zlib';
import { load } from './edge/load.ts';
import { type MemoryResult, measureMemory } from './edge/memory.ts';
import { installPeers } from './edge/peers.ts';
import { type BenchSink, startBenchOrigin, startBenchSink } from './edge/servers.ts';
import { BARE, bundleVariant, OURS, type Variant } from './edge/variants.ts';
import { startWorkerd, type WorkerdProcess } from './edge/workerd-process.ts';

const withPeers = process.argv.includes('--peers');
const ROUNDS = withPeers ? 4 : 6;
const REQUESTS_A_ROUND = withPeers ? 1000 : 1500;
const WARM_UP = 1500;
const isLong = process.argv.includes('--long');
const CONNECTIONS = 8;
const LATENCY_REQUESTS = 150;
/** Longer than any tracer holds its spans back. */
const SETTLE_MS = 1000;

interface Running {
  variant: Variant;
  workerd: WorkerdProcess;
  sink: BenchSink;
  gzipBytes: number;
  cpuUs: number[];
  requestsPerSecond: number[];
  latenciesMs: number[];
}

interface Row {
  name: string;
  cpuUs: number;
  addedCpuUs: number;
  requestsPerSecond: number;
  throughputKept: number;
  p50Ms: number;
  addedP50Ms: number;
  exportsPerRequest: number;
  bytesPerRequest: number;
  spansPerRequest: number;
  addedGzipBytes: number;
}

async function start(variant: Variant, originUrl: string): Promise<Running> {
  const sink = await startBenchSink();
  const script = await bundleVariant(variant);
  const bindings = { ORIGIN: originUrl, SINK: sink.url };
  const workerd = await startWorkerd({ script, flags: variant.flags, bindings });
  const gzipBytes = gzipSync(script, { level: 9 }).length;
  return { variant, workerd, sink, gzipBytes, cpuUs: [], requestsPerSecond: [], latenciesMs: [] };
}

async function measureThroughput({ workerd, cpuUs, requestsPerSecond }: Running): Promise<void> {
  const beforeMs = workerd.cpuMs();
  const { elapsedMs } = await load(workerd.port, { count: REQUESTS_A_ROUND, connections: CONNECTIONS });
  cpuUs.push(((workerd.cpuMs() - beforeMs) * 1000) / REQUESTS_A_ROUND);
  requestsPerSecond.push((REQUESTS_A_ROUND * 1000) / elapsedMs);
}

async function measureLatency({ workerd, latenciesMs }: Running): Promise<void> {
  const measured = await load(workerd.port, { count: LATENCY_REQUESTS, connections: 1 });
  latenciesMs.push(...measured.latenciesMs);
}

function rowOf(one: Running, bare: Running): Row {
  const requests = ROUNDS * (REQUESTS_A_ROUND + LATENCY_REQUESTS);
  // Paired by round: what else the machine did then weighs on both.
  const pairs = (mine: number[], theirs: number[], combine: (a: number, b: number) => number): number =>
    median(mine.map((value, round) => combine(value, theirs[round] as number)));
  return {
    name: one.variant.name,
    cpuUs: median(one.cpuUs),
    addedCpuUs: pairs(one.cpuUs, bare.cpuUs, (a, b) => a - b),
    requestsPerSecond: median(one.requestsPerSecond),
    throughputKept: pairs(one.requestsPerSecond, bare.requestsPerSecond, (a, b) => a / b),
    p50Ms: median(one.latenciesMs),
    addedP50Ms: median(one.latenciesMs) - median(bare.latenciesMs),
    exportsPerRequest: one.sink.exports / requests,
    bytesPerRequest: one.sink.bytes / requests,
    spansPerRequest: one.sink.spans / requests,
    addedGzipBytes: one.gzipBytes - bare.gzipBytes,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function print(rows: readonly Row[], memory: MemoryResult): void {
  const columns: ReadonlyArray<[string, (row: Row) => string]> = [
    ['variant', ({ name }) => name],
    ['CPU µs/req', ({ cpuUs }) => cpuUs.toFixed(0)],
    ['added', ({ addedCpuUs }) => addedCpuUs.toFixed(0)],
    ['req/s', ({ requestsPerSecond }) => requestsPerSecond.toFixed(0)],
    ['kept', ({ throughputKept }) => throughputKept.toFixed(2)],
    ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(2)],
    ['added', ({ addedP50Ms }) => addedP50Ms.toFixed(2)],
    ['exports/req', ({ exportsPerRequest }) => exportsPerRequest.toFixed(3)],
    ['bytes/req', ({ bytesPerRequest }) => bytesPerRequest.toFixed(0)],
    ['spans/req', ({ spansPerRequest }) => spansPerRequest.toFixed(2)],
    ['+gzip kB', ({ addedGzipBytes }) => (addedGzipBytes / 1000).toFixed(1)],
  ];
  const table = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, format]) => format(row)))];
  const widths = columns.map((_, column) => Math.max(...table.map((cells) => (cells[column] as string).length)));
  for (const cells of table)
    console.error(
      cells.map((cell, i) => (i ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join('  '),
    );
  const { requests, maxHeapMb, survived, residentMbAfterWarmUp, residentMbAtEnd, warmUp } = memory;
  console.error(
    `${requests} traced requests in a ${maxHeapMb} MB heap: ${survived ? 'alive' : 'died'}; resident ` +
      `${residentMbAfterWarmUp.toFixed(0)} MB after ${warmUp}, ${residentMbAtEnd.toFixed(0)} MB at the end`,
  );
}

const origin = await startBenchOrigin();
const running: Running[] = [];
try {
  const peers = withPeers ? installPeers() : [];
  for (const variant of [BARE, OURS, ...peers]) running.push(await start(variant, origin.url));
  for (const { workerd } of running) await load(workerd.port, { count: WARM_UP, connections: CONNECTIONS });
  await settle();
  for (const { sink } of running) Object.assign(sink, { exports: 0, bytes: 0, spans: 0 });
  for (let round = 0; round < ROUNDS; round++) {
    // In turns, so that no variant always runs first.
    const order = round % 2 === 0 ? running : running.toReversed();
    for (const one of order) await measureThroughput(one);
    for (const one of order) await measureLatency(one);
    console.error(`round ${round + 1} of ${ROUNDS}`);
  }
  await settle();
  const rows = running.map((one) => rowOf(one, running[0] as Running));
  for (const { workerd } of running) await workerd.stop();
  const memory = await measureMemory(OURS, { originUrl: origin.url, requests: isLong ? 100_000 : 40_000 });
  print(rows, memory);
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'edge', variants: rows, memory }));
} finally {
  for (const { workerd, sink } of running) {
    await workerd.stop();
    sink.close();
  }
  origin.close();
}
process.exit();

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, SETTLE_MS);
  });
}
