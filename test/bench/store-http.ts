import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('./store-client.ts', import.meta.url));
const SERVER = fileURLToPath(new URL('./store-server.ts', import.meta.url));
const COLLECTOR_CORE = 0;
const SENDER_CORE = 1;

/**
 * Compiled code, not the compiler, is what is measured: the first round costs twice what the fourth does, and a collector
 * runs for days.
 */
const WARM_UPS = 4;

export interface HttpResults {
  /** Spans a second of CPU of the collector, from the request to the block. */
  whole: number;
  /** Milliseconds to the answer at half of the rate it can take, alone and while two others search without pause. */
  halfLoad: { p50: number; p99: number };
  searched: { p50: number; p99: number };
  /** Resident memory of the collector's process after all that. */
  residentMb: number;
}

export interface HttpOptions {
  /** Of a store that may hold something already. */
  directory: string;
  format: 'json' | 'protobuf';
  /** Page views that are sent every time, and their spans. */
  views: number;
  spans: number;
}

/** The collector as it is run, in a process of its own on one core, asked by another on another core. */
export async function measureHttp({ directory, format, views, spans }: HttpOptions): Promise<HttpResults> {
  const server = await startChild(COLLECTOR_CORE, [SERVER, directory]);
  const { url } = JSON.parse(await server.line());
  const usage = async (): Promise<Usage> => JSON.parse(await server.ask({}));
  let seed = 0;
  /** Sends page views that were not sent before, from a process that knows nothing else. */
  const send = async (work: { perSecond: number; searches: number }): Promise<Sent> => {
    seed += 1;
    const client = await startChild(SENDER_CORE, [CLIENT, url, format, String(views), String(seed)]);
    try {
      await client.line();
      await settle(usage);
      const before = await usage();
      const startedMs = performance.now();
      const times: number[] = JSON.parse(await client.ask(work));
      const seconds = (performance.now() - startedMs) / 1000;
      // What waits in memory is moved into blocks in a while; that is a part of the way.
      await settle(usage);
      return { times, seconds, cpuSeconds: (await usage()).cpuSeconds - before.cpuSeconds };
    } finally {
      client.child.kill();
    }
  };
  try {
    for (let i = 0; i < WARM_UPS; i += 1) await send({ perSecond: 0, searches: 0 });
    const full = await send({ perSecond: 0, searches: 0 });
    // What is answered waits for blocks: it can take no more than it moves into them.
    const half = full.times.length / full.cpuSeconds / 2;
    const alone = await send({ perSecond: half, searches: 0 });
    const searched = await send({ perSecond: half, searches: 2 });
    const { residentBytes } = await usage();
    return {
      whole: spans / full.cpuSeconds,
      halfLoad: percentiles(alone.times),
      searched: percentiles(searched.times),
      residentMb: residentBytes / 1024 ** 2,
    };
  } finally {
    server.child.stdin.end();
    await new Promise((resolve) => server.child.once('exit', resolve));
  }
}

/** Milliseconds to each answer, how long all took, and what it cost the collector. */
interface Sent {
  times: number[];
  seconds: number;
  cpuSeconds: number;
}

interface Usage {
  cpuSeconds: number;
  residentBytes: number;
}

const SETTLED_MS = 2500;
const SETTLED_CPU_SECONDS = 0.03;

/** Waits until the collector has nothing more to do. */
async function settle(usage: () => Promise<Usage>): Promise<void> {
  for (let before = await usage(); ; ) {
    await setTimeout(SETTLED_MS);
    const now = await usage();
    if (now.cpuSeconds - before.cpuSeconds < SETTLED_CPU_SECONDS) return;
    before = now;
  }
}

interface Child {
  child: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line it prints. */
  line(): Promise<string>;
  /** Sends a line and waits for one. */
  ask(question: object): Promise<string>;
}

async function startChild(core: number, args: string[]): Promise<Child> {
  const command = [process.execPath, ...args];
  const pinned = process.platform === 'linux' ? ['taskset', '-c', String(core), ...command] : command;
  const child = spawn(pinned[0] as string, pinned.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('A process of the bench ended too early.');
    return value;
  };
  return {
    child,
    line,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return line();
    },
  };
}

function percentiles(times: number[]): { p50: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
