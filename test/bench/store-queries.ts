import { conditionHashes } from '../../edge/store/attribute-hash.ts';
import { blocksWith } from '../../edge/store/sql/attribute-blocks.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { findStore, withPart } from '../../edge/store/sqlite/stored-files.ts';
import type { AttributeCondition } from '../../edge/store/trace-store.ts';
import { ATTR_CLOUDFLARE_COLO, ATTR_CLOUDFLARE_RAY_ID } from '../../src/wire/names.ts';
import { DAY_MS, type LoadedStore } from './store-load.ts';

export interface Latency {
  p50: number;
  p95: number;
}

export interface QueryResults {
  spans: number;
  bytesPerSpan: number;
  latencies: Record<string, Latency>;
  /** How many blocks there are, and how many of them each attribute's filter lets a search read. */
  blocks: { all: number; read: number[] };
}

/** Opens a store that was loaded and times each query over and over. */
export async function measureQueries({ directory, ...loaded }: LoadedStore): Promise<QueryResults> {
  const { fromMs, toMs, traceIds, sample } = loaded;
  const store = await openSqliteStore({ directory, maxBytes: 2 ** 40 });
  const { bytes, spans } = await store.stats();
  const middleMs = fromMs + DAY_MS / 2;
  const hour = { fromMs: middleMs, toMs: middleMs + 3_600_000 };
  const day = { fromMs, toMs };
  const { route, sessionId } = sample;
  const service = sample.batches[0].spans[0]?.resource.attributes[0]?.value?.stringValue ?? '';
  const ray = sample.batches[1].spans[0]?.span.attributes?.find(({ key }) => key === ATTR_CLOUDFLARE_RAY_ID)?.value;
  const rare = { key: ATTR_CLOUDFLARE_RAY_ID, value: ray?.stringValue ?? '' };
  const absent = { key: ATTR_CLOUDFLARE_RAY_ID, value: 'no such id' };
  const common = { key: ATTR_CLOUDFLARE_COLO, value: 'FRA' };
  const latencies = {
    'trace by id': await time(300, (i) => store.trace(traceIds[i % traceIds.length] ?? '')),
    'latest 50': await time(200, () => store.search({})),
    'latest 50 by service and route, 1 h': await time(200, () => store.search({ service, route, ...hour })),
    'latest 50 by service, route, >= 1 s, error': await time(200, () =>
      store.search({ service, route, minDurationMs: 1000, error: true }),
    ),
    'rare: >= 8 s and error, 24 h': await time(100, () => store.search({ ...day, minDurationMs: 8000, error: true })),
    'rare: service, route, >= 8 s and error, 24 h': await time(100, () =>
      store.search({ ...day, service, route, minDurationMs: 8000, error: true }),
    ),
    'by session': await time(100, () => store.search({ sessionId })),
    'by an attribute of one trace, 24 h': await time(20, () => store.search({ ...day, attributes: [rare] })),
    'by an attribute of one trace, 1 h': await time(20, () => store.search({ ...hour, attributes: [rare] })),
    'by an attribute of no trace, 24 h': await time(20, () => store.search({ ...day, attributes: [absent] })),
    'by attributes of every trace, 24 h': await time(20, () => store.search({ ...day, attributes: [common] })),
    'p75 of LCP by route, 24 h': await time(50, () => store.statistics({ measure: 'lcp', ...day, by: ['route'] })),
    'p75 of LCP of a route by browser, 24 h': await time(5, () =>
      store.statistics({ measure: 'lcp', ...day, route, by: ['browser'] }),
    ),
    'sessions, last active 50': await time(20, () => store.sessions({ ...day })),
    'by part of the name': await time(100, () => store.search({ name: route.slice(3, 12) })),
  };
  await store.close();
  const blocks = await countBlocks(directory, [rare, absent, common]);
  return { spans, bytesPerSpan: bytes / spans, latencies, blocks };
}

const ALL = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };

async function countBlocks(
  directory: string,
  conditions: readonly AttributeCondition[],
): Promise<QueryResults['blocks']> {
  const blocks = { all: 0, read: conditions.map(() => 0) };
  for (const path of findStore(directory).parts) {
    await withPart(path, ({ driver }) => {
      blocks.all += [...blocksWith(driver, [], ALL)].length;
      conditions.forEach((condition, i) => {
        blocks.read[i] = (blocks.read[i] ?? 0) + [...blocksWith(driver, conditionHashes([condition]), ALL)].length;
      });
    });
  }
  return blocks;
}

async function time(rounds: number, work: (round: number) => Promise<unknown>): Promise<Latency> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    await work(round);
    times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(rounds * 0.5)] ?? 0, p95: times[Math.floor(rounds * 0.95)] ?? 0 };
}
