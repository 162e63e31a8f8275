import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AcceptedBatch, StatisticsQuery, TraceFilter, TraceStore } from '../../edge/store/trace-store.ts';
import { ATTR_EVENT_ID } from '../../src/wire/names.ts';
import { type StoreHost, startStoreHost } from '../support/durable-object/store-host.ts';
import { type PageView, pageViews } from '../support/page-views.ts';
import { until } from '../support/running-collector.ts';

let host: StoreHost;
beforeAll(async () => {
  host = await startStoreHost();
});
afterAll(() => host.stop());

const FROM_MS = Date.UTC(2026, 10, 20, 12);
const WINDOW = { fromMs: FROM_MS, toMs: FROM_MS + 3_600_000 };

function take(count: number, seed = 1): PageView[] {
  const views = pageViews({ fromMs: FROM_MS, seed });
  return Array.from({ length: count }, () => views.next().value);
}

async function append(store: TraceStore, views: readonly PageView[]): Promise<void> {
  for (const { batches } of views) for (const batch of batches) await store.append(batch);
}

/** What a viewer and its tools ask, each answer as it is. */
async function answers(store: TraceStore, view: PageView): Promise<unknown[]> {
  const filters: TraceFilter[] = [
    {},
    { service: 'shop-edge', limit: 7 },
    { route: view.route },
    { error: true, minDurationMs: 800 },
    { name: 'section', maxDurationMs: 1500, limit: 500 },
    { sessionId: view.sessionId },
    { attributes: [{ key: 'server.port', value: '8080' }], limit: 9 },
    { fromMs: view.startMs, limit: 3 },
  ];
  const queries: StatisticsQuery[] = [
    { measure: 'requests', ...WINDOW },
    { measure: 'requests', ...WINDOW, by: ['route', 'service'] },
    { measure: 'lcp', ...WINDOW, by: ['hour', 'device'] },
    { measure: 'cls', ...WINDOW, service: 'shop-web' },
  ];
  const pages = [];
  let cursor: string | undefined;
  do {
    const page = await store.search({ limit: 17, ...(cursor !== undefined && { cursor }) });
    pages.push(page);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const { bytes: _, version: __, ...counts } = await store.stats();
  return [
    pages,
    ...(await Promise.all(filters.map((filter) => store.search(filter)))),
    // Equal counts may come in any order.
    ...(await Promise.all(
      queries.map(async (query) => (await store.statistics(query)).map((row) => JSON.stringify(row)).sort()),
    )),
    await store.sessions({ limit: 500 }),
    await store.sessions({ error: true, limit: 500 }),
    counts,
  ];
}

test('a page that is all of one shard is as full as any', async () => {
  const store = await host.open({ place: randomUUID(), shards: [8] });
  // The last digits say which shard a trace belongs to.
  const idOf = (i: number): string => `${randomBytes(12).toString('hex')}${(8 * i).toString(16).padStart(8, '0')}`;
  const views = take(70, 3).map(({ batches }, i) => ({ batch: batches[1], traceId: idOf(i) }));
  for (const { batch, traceId } of views) {
    const spans = batch.spans.map((record) => ({ ...record, span: { ...record.span, traceId } }));
    await store.append({ ...batch, spans, logs: [] });
  }
  const first = await store.search({});
  const { nextCursor: cursor = '' } = first;
  const second = await store.search({ cursor });
  const found = [...first.traces, ...second.traces].map(({ traceId }) => traceId);
  expect(first.traces.length).toBe(50);
  expect(second.nextCursor).toBeUndefined();
  expect(found.sort()).toEqual(views.map(({ traceId }) => traceId).sort());
});

test('eight shards and one give equal answers', async () => {
  const views = take(150);
  const [one, eight] = await Promise.all(
    [1, 8].map(async (count) => {
      const options = { place: randomUUID(), shards: [count] } as const;
      const store = await host.open({ ...options, shards: [count] });
      await append(store, views.slice(0, 90));
      await store.close();
      const again = await host.open({ ...options, shards: [count] });
      await append(again, views.slice(90));
      return answers(again, views[60] as PageView);
    }),
  );
  expect(eight).toEqual(one);
  expect(one?.flat().length).toBeGreaterThan(60);
});

test('with more shards nothing is lost, doubled or torn apart', async () => {
  const place = randomUUID();
  const views = take(60);
  const loose = looseLogs(views[0] as PageView);
  const before = await host.open({ place, shards: [2] });
  await append(before, views.slice(0, 30));
  // Of ten more the browser's part comes before, the rest after.
  for (const { batches } of views.slice(30, 40)) await before.append(batches[0]);
  await before.append(loose);
  const grown = await host.open({ place, shards: [5, 2] });
  for (const { batches } of views.slice(0, 40)) {
    expect(await grown.append(batches[0])).toMatchObject({ storedSpans: 0, duplicateSpans: 13, duplicateLogs: 3 });
  }
  expect(await grown.append(loose)).toMatchObject({ storedLogs: 0, duplicateLogs: 3 });
  for (const { batches } of views.slice(30, 40)) for (const i of [1, 2] as const) await grown.append(batches[i]);
  await append(grown, views.slice(40));
  const whole = await host.open({ place: randomUUID(), shards: [1] });
  await append(whole, views);
  await whole.append(loose);
  expect(await answers(grown, views[35] as PageView)).toEqual(await answers(whole, views[35] as PageView));
  // What is new lies in the new shards, and what they do not have in the old ones.
  const old = await host.open({ place, shards: [2] });
  expect(await old.stats()).toMatchObject({ traces: 40, spans: 40 * 21, logs: 40 * 3 + 3 });
});

test('an object that begins anew still has what lay in no block', async () => {
  const options = { place: randomUUID(), shards: [2] } as { place: string; shards: [number] };
  const views = take(20);
  await append(await host.open(options), views);
  expect(await host.journalRows(options)).toBe(60);
  const again = await host.open(options);
  for (const { batches } of views) expect(await again.append(batches[2])).toMatchObject({ duplicateSpans: 5 });
  expect(await again.stats()).toMatchObject({ traces: 20, spans: 420, logs: 60 });
});

test('alarms move what has become quiet into blocks, and nobody has to ask for it', async () => {
  const options = { place: randomUUID(), shards: [1] } as { place: string; shards: [number] };
  const store = await host.open({ ...options, settings: { quietMs: 200 } });
  const views = take(300);
  await Promise.all(views.flatMap(({ batches }) => batches.map((batch) => store.append(batch))));
  // What came last is too little for a block, and waits longer for company.
  await until(async () => ((await host.journalRows(options)) < 300 ? true : undefined), 50_000);
  expect(await store.stats()).toMatchObject({ traces: 300, spans: 300 * 21, logs: 900 });
  expect((await store.trace(views[7]?.traceId as string))?.spans.length).toBe(21);
});

test('a batch and a block may be longer than a row', async () => {
  const options = { place: randomUUID(), shards: [1] } as { place: string; shards: [number] };
  const store = await host.open(options);
  const [view] = take(1) as [PageView];
  // Random, so that it does not get shorter.
  const long = randomBytes(4_000_000).toString('base64');
  const batch = { ...view.batches[2] };
  batch.spans = batch.spans.map(({ span, ...rest }, index) =>
    index > 0
      ? { ...rest, span }
      : {
          ...rest,
          span: { ...span, attributes: [...(span.attributes ?? []), { key: 'long', value: { stringValue: long } }] },
        },
  );
  await store.append(batch);
  const isWhole = async (of: TraceStore): Promise<boolean | undefined> =>
    (await of.trace(view.traceId))?.spans.some(({ span }) =>
      span.attributes?.some(({ value }) => value?.stringValue === long),
    );
  const restarted = await host.open(options);
  expect(await isWhole(restarted)).toBe(true);
  await restarted.close();
  const sealed = await host.open(options);
  expect(await host.journalRows(options)).toBe(0);
  expect(await isWhole(sealed)).toBe(true);
  expect(await sealed.remove({ sessionId: view.sessionId })).toMatchObject({ traces: 0 });
});

function looseLogs(view: PageView): AcceptedBatch {
  const logs = view.batches[0].logs.map(({ log: { traceId: _, spanId: __, ...log }, ...rest }, index) => ({
    ...rest,
    log: {
      ...log,
      attributes: [
        ...(log.attributes ?? []).filter(({ key }) => key !== ATTR_EVENT_ID),
        { key: ATTR_EVENT_ID, value: { stringValue: `loose-${index}` } },
      ],
    },
  }));
  return { ...view.batches[0], spans: [], logs };
}
