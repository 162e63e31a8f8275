import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPackRequest } from '../../edge/collector/ingest/pack-request.ts';
import { takesPacked } from '../../edge/store/packing/packed-batch.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import type { TraceStore } from '../../edge/store/trace-store.ts';
import { type Body, createBodies } from './store-bodies.ts';
import { type HttpResults, measureHttp } from './store-http.ts';
import { type LoadedStore, loadStore, SPANS_PER_VIEW } from './store-load.ts';
import { measureQueries, type QueryResults } from './store-queries.ts';
import { formatColumns, formatTable, median, startTimer } from './store-report.ts';

const HELP = `Durable ingest and queries of the embedded store on one core.
  --spans N      spans to load before the queries are timed (default 420000)
  --growth N,N…  only disk, memory and queries, of a store of each of these sizes
  --keep DIR     with --growth: where the stores are made and left, and those that are there used again
  --json         one JSON object as the last line
The collector is run from dist: build it first.
Rates are spans a second of CPU the process got, so that a busy machine changes them little; ratios are against a plain
JSON.parse of the same OTLP/JSON bodies in the same run.`;

const { values: options } = parseArgs({
  options: {
    spans: { type: 'string', default: '420000' },
    growth: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const MEASURED_VIEWS = 5_000;
/** Sent seven times over: to warm up, at full speed, and twice at half of it. */
const HTTP_VIEWS = 3_000;
/** The same for the collector over the store that was loaded. */
const LOADED_VIEWS = 500;
// As many requests wait for their sync as a busy collector has open.
const IN_FLIGHT = 64;

const BLOCKS_READ = 'blocks read of an attribute of one trace, of none, of every one';

const packRequest = createPackRequest({});
const sender = { trust: 'trusted', keyId: 'bench', services: ['*'] } as const;

if (options.help) process.stdout.write(`${HELP}\n`);
else if (!process.env.THROUGHLINE_PINNED) process.exitCode = runPinned();
else if (options.growth) await growth(options.growth.split(',').map(Number));
else await main(Number(options.spans));

/** Runs this file again on one core alone; without `taskset` the scheduler may use more. */
function runPinned(): number {
  const command = [process.execPath, '--expose-gc', fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const pinned = process.platform === 'linux' ? ['taskset', '-c', '0', ...command] : command;
  const env = { ...process.env, THROUGHLINE_PINNED: '1' };
  const { status, error } = spawnSync(pinned[0] as string, pinned.slice(1), { stdio: 'inherit', env });
  if (error) throw error;
  return status ?? 1;
}

async function main(spans: number): Promise<void> {
  if (!(spans > 0)) throw new Error(`--spans takes a number of spans, not ${options.spans}.`);
  const directory = mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  try {
    const views = Math.min(MEASURED_VIEWS, Math.ceil(spans / SPANS_PER_VIEW));
    progress(`making ${views} page views as OTLP/JSON and OTLP/protobuf`);
    const json = createBodies('json', views);
    const protobuf = createBodies('protobuf', views);
    const ingest = await measureIngest(directory, json, protobuf);
    const overHttp = (format: 'json' | 'protobuf'): Promise<HttpResults> => {
      progress(`over HTTP, ${format}`);
      const sent = Math.min(views, HTTP_VIEWS);
      return measureHttp({
        directory: join(directory, `http-${format}`),
        format,
        views: sent,
        spans: sent * SPANS_PER_VIEW,
      });
    };
    const http = { json: await overHttp('json'), protobuf: await overHttp('protobuf') };
    const { queries, residentMb } = await measureLoaded(join(directory, 'queries'), spans);
    const rows: [string, string][] = [
      ['JSON.parse of the bodies', rate(ingest.jsonParse)],
      ['whole way durable over HTTP, JSON', `${rate(http.json.whole)}  ${ratio(http.json.whole / ingest.jsonParse)}`],
      [
        'whole way durable over HTTP, protobuf',
        `${rate(http.protobuf.whole)}  ${ratio(http.protobuf.whole / ingest.jsonParse)}`,
      ],
      ['answer at half load, JSON', latency(http.json.halfLoad)],
      ['the same while others search', latency(http.json.searched)],
      ['packed and stored, JSON', `${rate(ingest.json)}  ${ratio(ingest.json / ingest.jsonParse)}`],
      ['packed and stored, protobuf', `${rate(ingest.protobuf)}  ${ratio(ingest.protobuf / ingest.jsonParse)}`],
      ['packed and journaled, JSON', `${rate(ingest.acceptJson)}  ${ratio(ingest.acceptJson / ingest.jsonParse)}`],
      [
        'packed and journaled, protobuf',
        `${rate(ingest.acceptProtobuf)}  ${ratio(ingest.acceptProtobuf / ingest.jsonParse)}`,
      ],
      ['disk, all in', `${queries.bytesPerSpan.toFixed(1)} B a span at ${queries.spans} spans`],
      ['resident memory of the collector, that store', `${residentMb.toFixed(0)} MB`],
      ['resident memory of the collector, a new store', `${http.json.residentMb.toFixed(0)} MB`],
      [BLOCKS_READ, blocksRead(queries)],
      ...Object.entries(queries.latencies).map(([name, { p50, p95 }]): [string, string] => [
        name,
        `${p50.toFixed(2)} ms p50, ${p95.toFixed(2)} ms p95`,
      ]),
    ];
    process.stdout.write(formatTable(rows));
    if (options.json) process.stdout.write(`${JSON.stringify({ ingest, http, queries, residentMb })}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function blocksRead({ blocks }: QueryResults): string {
  return `${blocks.read.join(', ')} of ${blocks.all}`;
}

/** A store of each size, one after the other; milliseconds p50 / p95. */
async function growth(sizes: readonly number[]): Promise<void> {
  if (!sizes.every((spans) => spans > 0)) throw new Error(`--growth takes numbers of spans, not ${options.growth}.`);
  const directory = options.keep ?? mkdtempSync(join(tmpdir(), 'throughline-bench-'));
  const results: { queries: QueryResults; residentMb: number }[] = [];
  try {
    for (const spans of sizes) {
      results.push(await measureLoaded(join(directory, String(spans)), spans));
      const columns: [string, string[]][] = [
        ['spans', results.map(({ queries }) => queries.spans.toLocaleString('en'))],
        ['B a span on disk', results.map(({ queries }) => queries.bytesPerSpan.toFixed(1))],
        ['MB resident, the collector', results.map(({ residentMb }) => residentMb.toFixed(0))],
        ...Object.keys(results[0]?.queries.latencies ?? {}).map((name): [string, string[]] => [
          name,
          results.map(({ queries }) => {
            const { p50 = Number.NaN, p95 = Number.NaN } = queries.latencies[name] ?? {};
            return `${p50.toFixed(1)} / ${p95.toFixed(1)}`;
          }),
        ]),
        [BLOCKS_READ, results.map(({ queries }) => blocksRead(queries))],
      ];
      process.stdout.write(`${formatColumns(columns)}\n`);
    }
    if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  } finally {
    if (options.keep === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

async function measureLoaded(directory: string, spans: number): Promise<{ queries: QueryResults; residentMb: number }> {
  const kept = `${directory}.json`;
  const loaded: LoadedStore = existsSync(kept)
    ? JSON.parse(readFileSync(kept, 'utf8'))
    : await loadStore(directory, spans, progress);
  if (options.keep !== undefined) writeFileSync(kept, JSON.stringify(loaded));
  progress('queries');
  const queries = await measureQueries(loaded);
  progress('the collector over the store that was loaded');
  const views = Math.min(LOADED_VIEWS, Math.ceil(spans / SPANS_PER_VIEW));
  const sent = { format: 'json', views, spans: views * SPANS_PER_VIEW } as const;
  const { residentMb } = await measureHttp({ directory, ...sent });
  return { queries, residentMb };
}

/** Spans a second of CPU. */
interface IngestResults {
  jsonParse: number;
  json: number;
  protobuf: number;
  acceptJson: number;
  acceptProtobuf: number;
}

async function measureIngest(directory: string, json: Body[], protobuf: Body[]): Promise<IngestResults> {
  progress('JSON.parse');
  const jsonParse = median(Array.from({ length: 5 }, () => parseAll(json)));
  const results: IngestResults = { jsonParse, json: 0, protobuf: 0, acceptJson: 0, acceptProtobuf: 0 };
  for (const [name, bodies] of [
    ['json', json],
    ['protobuf', protobuf],
  ] as const) {
    const whole: number[] = [];
    const accept: number[] = [];
    for (let round = 0; round <= 3; round += 1) {
      progress(`whole way, ${name}, round ${round}`);
      const { acceptRate, wholeRate } = await ingestAll(join(directory, `${name}-${round}`), bodies);
      // Compiled code, not the compiler, is what is measured.
      if (round === 0) continue;
      accept.push(acceptRate);
      whole.push(wholeRate);
    }
    results[name] = median(whole);
    results[name === 'json' ? 'acceptJson' : 'acceptProtobuf'] = median(accept);
  }
  // The machine's speed may have changed meanwhile: the reference is taken on both sides.
  results.jsonParse = (jsonParse + median(Array.from({ length: 5 }, () => parseAll(json)))) / 2;
  return results;
}

function parseAll(bodies: readonly Body[]): number {
  globalThis.gc?.();
  const timer = startTimer();
  let seen = 0;
  for (const { bytes } of bodies) seen += JSON.parse(bytes.toString('utf8')).resourceSpans.length;
  if (seen === 0) throw new Error('There is nothing in the bodies.');
  return spansOf(bodies) / timer.cpuSeconds();
}

/** Packs and appends every body and then seals all; what is answered before blocks are made is accept only. */
async function ingestAll(
  directory: string,
  bodies: readonly Body[],
): Promise<{ acceptRate: number; wholeRate: number }> {
  const store = await openSqliteStore({ directory, report: fail });
  globalThis.gc?.();
  const whole = startTimer();
  const accept = startTimer();
  // Less than the store keeps in memory, so that no block is made meanwhile.
  const before = bodies.slice(0, Math.ceil(bodies.length / 4));
  await appendAll(store, before);
  const acceptRate = spansOf(before) / accept.cpuSeconds();
  await appendAll(store, bodies.slice(before.length));
  await store.close();
  return { acceptRate, wholeRate: spansOf(bodies) / whole.cpuSeconds() };
}

async function appendAll(store: TraceStore, bodies: readonly Body[]): Promise<void> {
  if (!takesPacked(store)) throw new Error('The store takes no packed batches.');
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let body = bodies[next++]; body; body = bodies[next++]) {
      const { kind: format, bytes } = body;
      const packed = packRequest(bytes, { format, maxRecords: 100_000, sender, receivedAtMs: Date.now() });
      if (!packed) throw new Error('A body of the bench is not a usual one.');
      await store.appendPacked(packed.batch);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

function spansOf(bodies: readonly Body[]): number {
  return bodies.reduce((sum, { spans }) => sum + spans, 0);
}

function rate(spansPerSecond: number): string {
  return `${Math.round(spansPerSecond).toLocaleString('en')} spans/s`;
}

function latency({ p50, p99 }: { p50: number; p99: number }): string {
  return `${p50.toFixed(2)} ms p50, ${p99.toFixed(2)} ms p99`;
}

function ratio(of: number): string {
  return `${of.toFixed(2)} of JSON.parse`;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function fail(message: string): never {
  throw new Error(message);
}
