import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPackRequest } from '../../edge/collector/ingest/pack-request.ts';
import { conditionHashes } from '../../edge/store/attribute-hash.ts';
import { takesPacked } from '../../edge/store/packing/packed-batch.ts';
import { blocksWith } from '../../edge/store/sql/attribute-blocks.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { findStore, withPart } from '../../edge/store/sqlite/stored-files.ts';
import type { AttributeCondition, TraceStore } from '../../edge/store/trace-store.ts';
import { ATTR_CLOUDFLARE_COLO, ATTR_CLOUDFLARE_RAY_ID } from '../../src/wire/names.ts';
import { createRandom, pageViews } from '../support/page-views.ts';
import { type Body, createBodies } from './store-bodies.ts';
import { type HttpResults, measureHttp } from './store-http.ts';
import { formatTable, median, startTimer } from './store-report.ts';

const HELP = `Durable ingest and queries of the embedded store on one core.
  --spans N   spans to load before the queries are timed (default 420000)
  --json      one JSON object as the last line
The collector is run from dist: build it first.
Rates are spans a second of CPU the process got, so that a busy machine changes them little; ratios are against a plain
JSON.parse of the same OTLP/JSON bodies in the same run.`;

const { values: options } = parseArgs({
  options: {
    spans: { type: 'string', default: '420000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const SPANS_PER_VIEW = 21;
const MEASURED_VIEWS = 5_000;
/** Sent four times over: to warm up, at full speed, and twice at half of it. */
const HTTP_VIEWS = 3_000;
/** The same for the collector over the store that was loaded. */
const LOADED_VIEWS = 500;
// As many requests wait for their sync as a busy collector has open.
const IN_FLIGHT = 64;

const packRequest = createPackRequest({});
const sender = { trust: 'trusted', keyId: 'bench', services: ['*'] } as const;

if (options.help) process.stdout.write(`${HELP}\n`);
else if (process.env.THROUGHLINE_PINNED) await main(Number(options.spans));
else process.exitCode = runPinned();

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
    const queries = await measureQueries(join(directory, 'queries'), spans);
    progress('the collector over the store that was loaded');
    const loaded = await measureHttp({
      directory: join(directory, 'queries'),
      format: 'json',
      views: Math.min(views, LOADED_VIEWS),
      spans: Math.min(views, LOADED_VIEWS) * SPANS_PER_VIEW,
    });
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
      ['resident memory of the collector, that store', `${loaded.residentMb.toFixed(0)} MB`],
      ['resident memory of the collector, a new store', `${http.json.residentMb.toFixed(0)} MB`],
      [
        'blocks read of an attribute of one trace, of none, of every one',
        `${queries.blocks.read.join(', ')} of ${queries.blocks.all}`,
      ],
      ...Object.entries(queries.latencies).map(([name, { p50, p95 }]): [string, string] => [
        name,
        `${p50.toFixed(2)} ms p50, ${p95.toFixed(2)} ms p95`,
      ]),
    ];
    process.stdout.write(formatTable(rows));
    if (options.json) process.stdout.write(`${JSON.stringify({ ingest, http, queries, loaded })}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
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

interface QueryResults {
  spans: number;
  bytesPerSpan: number;
  latencies: Record<string, { p50: number; p95: number }>;
  /** How many blocks there are, and how many of them each attribute's filter lets a search read. */
  blocks: { all: number; read: number[] };
}

async function measureQueries(directory: string, spans: number): Promise<QueryResults> {
  const loaded = await openSqliteStore({ directory, report: fail, maxBytes: 2 ** 40 });
  const count = Math.ceil(spans / SPANS_PER_VIEW);
  const dayMs = 24 * 3_600_000;
  const fromMs = Date.now() - dayMs;
  const views = pageViews({ seed: 3, fromMs, everyMs: dayMs / count });
  const random = createRandom(9);
  const ids: string[] = [];
  let sample = views.next().value;
  let appends: Promise<unknown>[] = [];
  for (let n = 0; n < count; n += 1) {
    const view = views.next().value;
    for (const batch of view.batches) appends.push(loaded.append(batch));
    if (random() < 2000 / count) ids.push(view.traceId);
    if (random() < 1 / (n + 1)) sample = view;
    if (appends.length > 300) {
      await Promise.all(appends);
      appends = [];
      if (n % 10_000 < 100) progress(`loaded ${n * SPANS_PER_VIEW} of ${spans} spans`);
    }
  }
  await Promise.all(appends);
  await loaded.close();
  const store = await openSqliteStore({ directory, report: fail, maxBytes: 2 ** 40 });
  const { bytes, spans: stored } = await store.stats();
  const middleMs = fromMs + dayMs / 2;
  const hour = { fromMs: middleMs, toMs: middleMs + 3_600_000 };
  const service = sample.batches[0].spans[0]?.resource.attributes[0]?.value?.stringValue ?? '';
  const day = { fromMs, toMs: fromMs + dayMs };
  const ray = sample.batches[1].spans[0]?.span.attributes?.find(({ key }) => key === ATTR_CLOUDFLARE_RAY_ID)?.value;
  const rare = { key: ATTR_CLOUDFLARE_RAY_ID, value: ray?.stringValue ?? '' };
  const absent = { key: ATTR_CLOUDFLARE_RAY_ID, value: 'no such id' };
  const common = { key: ATTR_CLOUDFLARE_COLO, value: 'FRA' };
  progress('queries');
  const latencies = {
    'trace by id': await time(300, async (i) => store.trace(ids[i % ids.length] as string)),
    'latest 50': await time(200, () => store.search({})),
    'latest 50 by service and route, 1 h': await time(200, () =>
      store.search({ service, route: sample.route, ...hour }),
    ),
    'latest 50 by service, route, >= 1 s, error': await time(200, () =>
      store.search({ service, route: sample.route, minDurationMs: 1000, error: true }),
    ),
    'rare: >= 8 s and error, 24 h': await time(100, () => store.search({ minDurationMs: 8000, error: true })),
    'by session': await time(100, () => store.search({ sessionId: sample.sessionId })),
    'by an attribute of one trace, 24 h': await time(20, () => store.search({ ...day, attributes: [rare] })),
    'by an attribute of no trace, 24 h': await time(20, () => store.search({ ...day, attributes: [absent] })),
    'by attributes of every trace, 24 h': await time(20, () => store.search({ ...day, attributes: [common] })),
    'p75 of LCP by route, 24 h': await time(50, () =>
      store.statistics({ measure: 'lcp', fromMs, toMs: fromMs + dayMs, by: ['route'] }),
    ),
    'by part of the name': await time(100, () => store.search({ name: sample.route.slice(3, 12) })),
  };
  await store.close();
  const blocks = await countBlocks(directory, [rare, absent, common]);
  return { spans: stored, bytesPerSpan: bytes / stored, latencies, blocks };
}

async function countBlocks(
  directory: string,
  conditions: readonly AttributeCondition[],
): Promise<QueryResults['blocks']> {
  const blocks = { all: 0, read: conditions.map(() => 0) };
  for (const path of findStore(directory).parts) {
    await withPart(path, ({ driver }) => {
      blocks.all += blocksWith(driver, []).size;
      conditions.forEach((condition, i) => {
        blocks.read[i] = (blocks.read[i] ?? 0) + blocksWith(driver, conditionHashes([condition])).size;
      });
    });
  }
  return blocks;
}

async function time(rounds: number, work: (round: number) => Promise<unknown>): Promise<{ p50: number; p95: number }> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    await work(round);
    times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(rounds * 0.5)] ?? 0, p95: times[Math.floor(rounds * 0.95)] ?? 0 };
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
