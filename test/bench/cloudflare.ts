import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { encodeLogsProtobuf, encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import type { StoreStats } from '../../edge/store/trace-store.ts';
import { createRandom, pageViews } from '../support/page-views.ts';
import { runCollectorWorker } from '../support/running-collector-worker.ts';
import { formatTable } from './store-report.ts';

const HELP = `The collector as a Worker, in local workerd: load, disk and queries.
  --spans N    spans to load before the queries are timed (default 210000)
  --shards N   Durable Objects they are spread over (default 8)
  --json       one JSON object as the last line
workerd and the sender share the machine's cores. Deployed, each object has a core of its own and every question a network
between; only what workerd itself takes is measured here.`;

const { values: options } = parseArgs({
  options: {
    spans: { type: 'string', default: '210000' },
    shards: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const SPANS_PER_VIEW = 21;
const VIEWS_PER_BODY = 5;
const CONNECTIONS = 16;
const HOUR_MS = 3_600_000;
const ROUNDS = 40;
/** Linux counts CPU in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Connections that ended without an answer; what was sent on them is sent again, as every sender of OTLP does. */
let cutConnections = 0;
const MAX_TRIES = 5;

if (options.help) process.stdout.write(`${HELP}\n`);
else await main(Number(options.spans), options.shards);

async function main(spans: number, shards: string): Promise<void> {
  if (!(spans > 0)) throw new Error(`--spans takes a number of spans, not ${options.spans}.`);
  const persistTo = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  const worker = await runCollectorWorker({
    env: { THROUGHLINE_SHARDS: shards, THROUGHLINE_MAX_SIZE: '200GB' },
    persistTo,
  });
  const agent = new Agent({ maxSockets: CONNECTIONS });
  try {
    const pid = workerdOf(process.pid);
    const startedMs = performance.now();
    await send(agent, worker.url, '/healthz');
    const firstAnswerMs = performance.now() - startedMs;
    const loaded = await load(agent, worker.url, { spans, pid });
    progress('waiting for the alarms to make blocks');
    const stats = await settled(agent, worker.url);
    const latencies = await ask(agent, worker.url, loaded);
    const residentMb = residentBytes(pid) / 1e6;
    const rows: [string, string][] = [
      ['first answer of a new isolate', `${firstAnswerMs.toFixed(0)} ms`],
      ['loaded', `${stats.spans} spans in ${stats.traces} traces over ${shards} shards`],
      ['whole way durable, protobuf over HTTP', `${Math.round(loaded.perSecond)} spans/s on the clock`],
      ['CPU of workerd, blocks included', `${loaded.cpuMicros.toFixed(1)} µs a span`],
      ['disk, all in', `${(stats.bytes / stats.spans).toFixed(1)} B a span`],
      ['resident memory of workerd', `${residentMb.toFixed(0)} MB`],
      ['connections cut, and sent again', String(cutConnections)],
      ...Object.entries(latencies).map(([name, { p50, p95 }]): [string, string] => [
        name,
        `${p50.toFixed(1)} ms p50, ${p95.toFixed(1)} ms p95`,
      ]),
    ];
    process.stdout.write(formatTable(rows));
    if (options.json) {
      const { perSecond, cpuMicros } = loaded;
      process.stdout.write(
        `${JSON.stringify({ shards: Number(shards), firstAnswerMs, perSecond, cpuMicros, stats, residentMb, latencies })}\n`,
      );
    }
  } finally {
    agent.destroy();
    await worker.stop();
    rmSync(persistTo, { recursive: true, force: true });
  }
}

interface Loaded {
  fromMs: number;
  toMs: number;
  /** Some of those that were loaded, from all of the time. */
  views: Array<{ traceId: string; route: string; startMs: number; rayId: string }>;
  perSecond: number;
  cpuMicros: number;
}

/** A day of page views, sent in requests of about a hundred spans. */
async function load(agent: Agent, url: string, { spans, pid }: { spans: number; pid: number }): Promise<Loaded> {
  const count = Math.ceil(spans / SPANS_PER_VIEW);
  const toMs = Date.now();
  const fromMs = toMs - 24 * HOUR_MS;
  const views = pageViews({ fromMs, everyMs: (24 * HOUR_MS) / count });
  const kept: Loaded['views'] = [];
  let sent = 0;
  const cpuBefore = cpuSeconds(pid);
  const startedMs = performance.now();
  const sender = async (): Promise<void> => {
    while (sent < count) {
      const some = Array.from({ length: Math.min(VIEWS_PER_BODY, count - sent) }, () => views.next().value);
      sent += some.length;
      const [first] = some;
      if (first && sent % 100 === 0) {
        const { traceId, route, startMs } = first;
        const ray = first.batches[1].spans[0]?.span.attributes?.find(({ key }) => key === 'cloudflare.ray_id');
        kept.push({ traceId, route, startMs, rayId: ray?.value?.stringValue ?? '' });
      }
      if (sent % 5000 === 0) progress(`${sent * SPANS_PER_VIEW} spans`);
      const batches = some.flatMap((view) => view.batches);
      await send(agent, url, '/v1/traces', encodeTracesProtobuf(batches.flatMap((batch) => batch.spans)));
      await send(agent, url, '/v1/logs', encodeLogsProtobuf(batches.flatMap((batch) => batch.logs)));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  const seconds = (performance.now() - startedMs) / 1000;
  const perSecond = (count * SPANS_PER_VIEW) / seconds;
  const cpuMicros = ((cpuSeconds(pid) - cpuBefore) / (count * SPANS_PER_VIEW)) * 1e6;
  return { fromMs, toMs, views: kept, perSecond, cpuMicros };
}

/** What is stored once the alarms have little left to do. */
async function settled(agent: Agent, url: string): Promise<StoreStats> {
  let last: StoreStats | undefined;
  for (let same = 0; same < 4; ) {
    const stats = JSON.parse(await send(agent, url, '/api/stats')) as StoreStats;
    same = stats.bytes === last?.bytes ? same + 1 : 0;
    last = stats;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
  }
  return last as StoreStats;
}

async function ask(
  agent: Agent,
  url: string,
  { fromMs, toMs, views }: Loaded,
): Promise<Record<string, { p50: number; p95: number }>> {
  const random = createRandom(7);
  const pick = (): Loaded['views'][number] => views[Math.floor(random() * views.length)] as Loaded['views'][number];
  const day = `fromMs=${fromMs}&toMs=${toMs}`;
  const hour = ({ startMs }: { startMs: number }): string =>
    `fromMs=${startMs - HOUR_MS / 2}&toMs=${startMs + HOUR_MS / 2}`;
  const questions: Record<string, () => string> = {
    'trace by id': () => `/api/traces/${pick().traceId}`,
    'latest 50': () => '/api/traces?limit=50',
    'latest 50 of a service and route': () => `/api/traces?service=shop-edge&route=${encodeURIComponent(pick().route)}`,
    'latest 50 with an error, slower than 1 s': () => '/api/traces?error=true&minDurationMs=1000',
    'rare combination over a day': () =>
      `/api/traces?${day}&route=${encodeURIComponent(pick().route)}&error=true&minDurationMs=1500`,
    'one attribute value in an hour': () => {
      const view = pick();
      return `/api/traces?${hour(view)}&attribute=${encodeURIComponent(`cloudflare.ray_id=${view.rayId}`)}`;
    },
    'p75 of LCP by route over a day': () => `/api/statistics?measure=lcp&${day}&by=route`,
    'sessions of an hour': () => `/api/sessions?${hour(pick())}`,
  };
  const latencies: Record<string, { p50: number; p95: number }> = {};
  for (const [name, question] of Object.entries(questions)) {
    progress(name);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const path = question();
      const startedMs = performance.now();
      await send(agent, url, path);
      times.push(performance.now() - startedMs);
    }
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
    latencies[name] = { p50: at(0.5), p95: at(0.95) };
  }
  return latencies;
}

async function send(agent: Agent, url: string, path: string, body?: Uint8Array): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await sendOnce(agent, `${url}${path}`, body);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET' || tries === MAX_TRIES) throw error;
      cutConnections += 1;
    }
  }
}

function sendOnce(agent: Agent, url: string, body: Uint8Array | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/x-protobuf', 'content-length': body.length } : {};
    const sent = request(url, { method: body ? 'POST' : 'GET', agent, headers }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${url} was answered with ${response.statusCode}: ${answer}`));
      }, reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Miniflare starts workerd as a child of this process. */
function workerdOf(pid: number): number {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    for (const child of readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ')) {
      if (child && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('workerd')) return Number(child);
    }
  }
  throw new Error('workerd is not a child of this process.');
}

function cpuSeconds(pid: number): number {
  // Behind the name, which may hold spaces: user and system time are the 12th and 13th value.
  const values = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(values[11]) + Number(values[12])) / TICKS_PER_SECOND;
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

function progress(what: string): void {
  process.stderr.write(`${what}\n`);
}
