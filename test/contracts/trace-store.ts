import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogRecord, ResourceRecord, SpanRecord } from '../../edge/otlp/records.ts';
import { InvalidFilterError } from '../../edge/store/search.ts';
import {
  type AcceptedBatch,
  type AttributeCondition,
  type StatisticsQuery,
  StoreUnavailableError,
  type TraceFilter,
  type TraceStore,
  type TraceSummary,
  type VitalGroup,
} from '../../edge/store/trace-store.ts';
import * as names from '../../src/wire/names.ts';
import { encodeAttributes, type OtlpKeyValue, type OtlpSpan, SPAN_KIND } from '../../src/wire/otlp.ts';
import { durationMs } from '../../src/wire/time.ts';
import { type PageView, pageViews } from '../support/page-views.ts';

export interface OpenOptions {
  retentionMs?: number;
  maxBytes?: number;
}

/** A place a store keeps its data in: opened, closed and opened again by the suite. */
export interface StorePlace {
  open(options?: OpenOptions): Promise<TraceStore>;
  dispose(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 20, 12);
const EMPTY = { storedSpans: 0, storedLogs: 0, duplicateSpans: 0, duplicateLogs: 0, conflictingSpans: 0 };

/** What every backend of `TraceStore` does, whatever it is made of. */
export function describeTraceStore(name: string, createPlace: () => Promise<StorePlace>): void {
  describe(`${name} as a trace store`, () => {
    let place: StorePlace;
    let store: TraceStore;
    const reopen = async (options?: OpenOptions): Promise<void> => {
      await store.close();
      store = await place.open(options);
    };

    beforeEach(async () => {
      place = await createPlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.dispose();
    });

    test('a trace is found and listed the moment it is appended', async () => {
      const [view] = take(1);
      await append(store, view);
      expect(await spanIds(store, view.traceId)).toEqual(idsOf(view));
      const { traces } = await store.search({});
      expect(traces.map(({ traceId }) => traceId)).toEqual([view.traceId]);
      expect(traces[0]).toMatchObject({
        name: view.route,
        route: view.route,
        activity: 'page load',
        sessionId: view.sessionId,
        startMs: view.startMs,
        spanCount: 21,
        hasRoot: true,
      });
      expect(traces[0]?.services.slice(1)).toEqual(['shop-backend', 'shop-edge']);
      expect(traces[0]?.vitals).toEqual(vitalsOf(view));
    });

    test('nothing is found of a trace that never came', async () => {
      expect(await store.trace('00000000000000000000000000000001')).toBeUndefined();
      expect(await store.search({})).toEqual({ traces: [] });
    });

    test('spans and log records come back as they went in, before and after the store was closed', async () => {
      const batch = everyKind();
      await store.append(batch);
      const traceId = batch.spans[0]?.span.traceId as string;
      for (const _ of ['from memory', 'from disk']) {
        const stored = await store.trace(traceId);
        expect(bySpanId(stored?.spans ?? [])).toEqual(bySpanId(batch.spans));
        expect(stored?.logs).toEqual(batch.logs);
        await reopen();
      }
    });

    test('a batch that comes again is counted once, also after the store was closed', async () => {
      const [view] = take(1);
      await append(store, view);
      const again = { ...EMPTY, duplicateSpans: 13, duplicateLogs: 3 };
      expect(await store.append(view.batches[0])).toEqual(again);
      await reopen();
      expect(await store.append(view.batches[0])).toEqual(again);
      expect(await store.stats()).toMatchObject({ traces: 1, spans: 21, logs: 3 });
      expect(await spanIds(store, view.traceId)).toEqual(idsOf(view));
    });

    test('a batch that comes twice at the same moment is stored once', async () => {
      const [view] = take(1);
      const results = await Promise.all([view.batches[0], view.batches[0]].map((batch) => store.append(batch)));
      expect(results.map(({ storedSpans }) => storedSpans).sort()).toEqual([0, 13]);
      expect(results.map(({ duplicateSpans }) => duplicateSpans).sort()).toEqual([0, 13]);
      expect(await store.stats()).toMatchObject({ spans: 13, logs: 3 });
    });

    test('another content under the same ids is kept out, and the first stays', async () => {
      const [view] = take(1);
      await append(store, view);
      const changed = rename(view.batches[1], 'changed');
      expect(await store.append(changed)).toEqual({ ...EMPTY, conflictingSpans: 3 });
      await reopen();
      expect(await store.append(changed)).toEqual({ ...EMPTY, conflictingSpans: 3 });
      const stored = await store.trace(view.traceId);
      expect(stored?.spans.map(({ span }) => span.name)).not.toContain('changed');
    });

    test('what a page sends never stands for a span a trusted sender wrote', async () => {
      const [view] = take(1);
      await append(store, view);
      const forged: AcceptedBatch = { ...view.batches[1], trust: 'public' };
      expect(await store.append(forged)).toEqual({ ...EMPTY, conflictingSpans: 3 });
      await reopen();
      expect(await store.append(forged)).toEqual({ ...EMPTY, conflictingSpans: 3 });
    });

    test('log records without an event id are the same when their content is', async () => {
      const [view] = take(1);
      const log = { ...(view.batches[0].logs[0] as LogRecord) };
      log.log = { ...log.log, attributes: withoutEventId(log.log.attributes) };
      const other = { ...log, log: { ...log.log, severityNumber: 17 } };
      const batch = { ...view.batches[0], spans: [], logs: [log, other, log] };
      expect(await store.append(batch)).toEqual({ ...EMPTY, storedLogs: 2, duplicateLogs: 1 });
      await reopen();
      expect(await store.append(batch)).toEqual({ ...EMPTY, duplicateLogs: 3 });
    });

    test('log records of no trace are stored and counted once', async () => {
      const [view] = take(1);
      const logs = view.batches[0].logs.map(({ log: { traceId: _, spanId: __, ...log }, ...rest }) => ({
        ...rest,
        log,
      }));
      const batch = { ...view.batches[0], spans: [], logs };
      expect(await store.append(batch)).toEqual({ ...EMPTY, storedLogs: 3 });
      await reopen();
      expect(await store.append(batch)).toEqual({ ...EMPTY, duplicateLogs: 3 });
      expect(await store.stats()).toMatchObject({ traces: 0, logs: 3 });
      expect(await store.search({})).toEqual({ traces: [] });
    });

    test('late spans join the trace that is on disk already', async () => {
      const [view] = take(1);
      await store.append(view.batches[2]);
      await reopen();
      await store.append(view.batches[0]);
      await reopen();
      await store.append(view.batches[1]);
      expect(await spanIds(store, view.traceId)).toEqual(idsOf(view));
      const [summary] = (await store.search({})).traces;
      expect(summary).toMatchObject({ spanCount: 21, name: view.route, hasRoot: true, startMs: view.startMs });
      await reopen();
      expect((await store.search({})).traces).toEqual([summary]);
      expect(await store.stats()).toMatchObject({ traces: 1, spans: 21, logs: 3 });
    });

    test('a trace whose root has not come is listed under its earliest span', async () => {
      const [view] = take(1);
      await store.append(view.batches[1]);
      const provisional = { name: `GET ${view.route}`, service: 'shop-edge', hasRoot: false, route: view.route };
      expect((await store.search({})).traces[0]).toMatchObject(provisional);
      await reopen();
      expect((await store.search({})).traces[0]).toMatchObject(provisional);
    });

    test('a page view whose root has not come is made of its children, marked, until the root comes', async () => {
      const [view, other] = take(2);
      const [page, ...later] = view.batches;
      const root = page.spans.find(({ span }) => !span.parentSpanId) as SpanRecord;
      const children = page.spans.filter((record) => record !== root);
      await append(store, other);
      await store.append({ ...page, spans: children, logs: [] });
      for (const batch of later) await store.append(batch);
      const ofTrace = async () => (await store.search({})).traces.find(({ traceId }) => traceId === view.traceId);
      const marked = { hasRoot: false, isProvisional: true, spanCount: 20, route: view.route };
      for (const _ of ['from memory', 'from disk']) {
        expect(await ofTrace()).toMatchObject({ ...marked, name: `page view ${view.route}`, startMs: view.startMs });
        expect((await store.search({ name: 'page VIEW /' })).traces.map(({ traceId }) => traceId)).toEqual([
          view.traceId,
        ]);
        await reopen();
      }
      await store.append({ ...page, spans: [root] });
      for (const _ of ['merged in memory', 'merged on disk']) {
        expect(await ofTrace()).toMatchObject({
          hasRoot: true,
          isProvisional: false,
          name: view.route,
          activity: 'page load',
          spanCount: 21,
          vitals: vitalsOf(view),
        });
        expect((await store.search({ name: 'page view' })).traces).toEqual([]);
        expect(await spanIds(store, view.traceId)).toEqual(idsOf(view));
        await reopen();
      }
    });

    test('a page view of which only vitals came is listed too, with the route they tell', async () => {
      const [view] = take(1);
      const route = { [names.ATTR_URL_TEMPLATE]: view.route };
      await store.append({ ...withLogAttributes(view.batches[0], route), spans: [] });
      const [summary] = (await store.search({})).traces;
      expect(summary).toMatchObject({
        traceId: view.traceId,
        spanCount: 0,
        hasRoot: false,
        isProvisional: true,
        name: `page view ${view.route}`,
        route: view.route,
      });
      await reopen();
      expect((await store.search({})).traces).toEqual([summary]);
    });

    test('every filter, alone and with others, gives what reading all traces gives', async () => {
      const views = take(120);
      // A third from disk, a third of which more came later, a third from memory.
      for (const view of views.slice(0, 40)) await append(store, view);
      for (const view of views.slice(40, 80)) await store.append(view.batches[1]);
      await reopen();
      for (const view of views.slice(40, 80)) for (const i of [0, 2] as const) await store.append(view.batches[i]);
      for (const view of views.slice(80)) await append(store, view);
      const all = await everyPage(store, {}, 500);
      expect(all.length).toBe(120);
      const one = all[60] as TraceSummary;
      const filters: TraceFilter[] = [
        { service: 'blog-web' },
        { service: 'shop-edge' },
        { service: 'nobody' },
        { route: one.route },
        { route: '/nowhere' },
        { name: 'SECTION-1' },
        { name: 'no such name' },
        { activity: 'page load' },
        { activity: 'navigation' },
        { minDurationMs: 1500 },
        { minDurationMs: 800, maxDurationMs: 1800 },
        { maxDurationMs: 900 },
        { error: true },
        { error: false },
        { sessionId: one.sessionId },
        { sessionId: 'none' },
        { userId: 'nobody' },
        { fromMs: one.startMs },
        { toMs: one.startMs },
        { fromMs: one.startMs, toMs: one.startMs },
        { updatedAfterMs: one.updatedAtMs },
        { service: 'shop-web', route: one.route, minDurationMs: 1000, error: false },
        { service: 'account-web', name: 'section', error: true },
        { sessionId: one.sessionId, service: one.service, activity: 'page load' },
      ];
      for (const _ of ['mixed', 'all from disk']) {
        for (const filter of filters) {
          const expected = all.filter((summary) => holds(summary, filter));
          expect(await everyPage(store, filter, 7), JSON.stringify(filter)).toEqual(expected);
        }
        expect(filters.filter((filter) => all.some((summary) => holds(summary, filter))).length).toBeGreaterThan(15);
        await reopen();
      }
    });

    test('traces are found by browser, device, country and release', async () => {
      const views = take(40);
      for (const [i, view] of views.entries()) {
        const country = i % 5 === 0 ? 'CH' : 'DE';
        for (const batch of view.batches) await store.append(i < 20 ? cameFrom(batch, country) : batch);
        if (i === 30) await reopen();
      }
      const all = await everyPage(store, {}, 500);
      expect(new Set(all.map(({ browser }) => browser)).size).toBeGreaterThan(1);
      const [sample] = all as [TraceSummary];
      const filters: TraceFilter[] = [
        { browser: sample.browser },
        { browser: sample.browser.replace(/ \d+$/, '') },
        { browser: sample.browser, device: 'desktop' },
        { browser: '' },
        { browser: 'Chrom' },
        { device: 'mobile' },
        { country: 'CH' },
        { country: 'DE', device: 'mobile' },
        { country: '' },
        { country: 'FR' },
        { release: sample.release },
        { release: 'none' },
      ];
      for (const _ of ['mixed', 'all from disk']) {
        for (const filter of filters) {
          const expected = all.filter((summary) => holds(summary, filter));
          expect(await everyPage(store, filter, 7), JSON.stringify(filter)).toEqual(expected);
        }
        expect(all.filter(({ country }) => country === 'CH').length).toBe(4);
        expect(all.filter(({ browser }) => /^(Chrome|Safari|Firefox|Edge) \d+$/.test(browser)).length).toBe(40);
        expect(sample.release).toBe('2026.11.3');
        await reopen();
      }
    });

    test('traces are found by attributes of one span and its resource, of any kind of value', async () => {
      const views = take(60);
      for (const view of views.slice(0, 40)) await append(store, view);
      await reopen();
      for (const view of views.slice(40)) await append(store, view);
      const kinds = everyKind();
      await store.append(kinds);
      const idOf = (view: PageView): string => view.traceId;
      const ray = (view: PageView): string =>
        view.batches[1].spans[0]?.span.attributes?.find(({ key }) => key === names.ATTR_CLOUDFLARE_RAY_ID)?.value
          ?.stringValue ?? '';
      const found = async (...attributes: AttributeCondition[]): Promise<string[]> =>
        (await everyPage(store, { attributes }, 7)).map(({ traceId }) => traceId).sort();
      for (const _ of ['mixed', 'all from disk']) {
        for (const view of [views[0], views.at(-1) as PageView]) {
          expect(await found({ key: names.ATTR_CLOUDFLARE_RAY_ID, value: ray(view) })).toEqual([view.traceId]);
        }
        expect(await found({ key: names.ATTR_SERVER_PORT, value: '8080' })).toEqual(views.map(idOf).sort());
        // Both are in every trace, but never on one span.
        expect(
          await found(
            { key: names.ATTR_SERVER_PORT, value: '8080' },
            { key: names.ATTR_CLOUDFLARE_COLO, value: 'FRA' },
          ),
        ).toEqual([]);
        expect(
          await found(
            { key: names.ATTR_SERVER_PORT, value: '8080' },
            { key: names.ATTR_SERVICE_NAME, value: 'shop-backend' },
          ),
        ).toEqual(views.map(idOf).sort());
        for (const [key, value] of [
          ['true', 'true'],
          ['int', '-42'],
          ['double', String(0.1 + 0.2)],
          ['text', 'Grüße, 世界 \u{1f600}'],
          [names.ATTR_HTTP_ROUTE, 'GET'],
        ] as const) {
          expect(await found({ key, value }), key).toEqual([kinds.spans[0]?.span.traceId]);
        }
        expect(await found({ key: 'text', value: 'other' })).toEqual([]);
        // Of a list, every value in it.
        expect(await found({ key: 'list', value: 'b' })).toEqual([kinds.spans[0]?.span.traceId]);
        expect(await found({ key: 'list', value: '1' })).toEqual([kinds.spans[0]?.span.traceId]);
        expect(await found({ key: 'list' })).toEqual([kinds.spans[0]?.span.traceId]);
        expect(await found({ key: names.ATTR_CLOUDFLARE_RAY_ID })).toEqual(views.map(idOf).sort());
        expect(await found({ key: 'no such key' })).toEqual([]);
        await reopen();
      }
    });

    test('attributes are searched inside a window, also of a trace whose start became known late', async () => {
      const views = take(30, { everyMs: 60_000 });
      // Before all others: nothing else of its block lies in the window it is found in.
      const [late] = views;
      const [browser, edge, backend] = late.batches;
      for (const view of views) {
        if (view === late) {
          // Without the page's root, and of a worker whose clock is two hours ahead of it.
          const ahead = edge.spans.map((record) => ({ ...record, span: delayed(record.span, 2 * 3_600_000) }));
          await store.append({ ...edge, spans: ahead });
        } else await append(store, view);
      }
      await reopen();
      await store.append(browser);
      await store.append(backend);
      const ray = edge.spans[0]?.span.attributes?.find(({ key }) => key === names.ATTR_CLOUDFLARE_RAY_ID)?.value;
      const attributes = [{ key: names.ATTR_CLOUDFLARE_RAY_ID, value: ray?.stringValue ?? '' }];
      const colo = [{ key: names.ATTR_CLOUDFLARE_COLO, value: 'FRA' }];
      const around = (startMs: number): TraceFilter => ({ fromMs: startMs - 1, toMs: startMs + 1 });
      const found = async (filter: TraceFilter): Promise<string[]> =>
        (await store.search(filter)).traces.map(({ traceId }) => traceId);
      for (const _ of ['mixed', 'all from disk']) {
        expect(await found({ ...around(late.startMs), attributes })).toEqual([late.traceId]);
        expect(await found({ ...around(late.startMs + 2 * 3_600_000), attributes })).toEqual([]);
        for (const view of views)
          expect(await found({ ...around(view.startMs), attributes: colo })).toEqual([view.traceId]);
        await reopen();
      }
    });

    test('pages go on where the page before ended, also among traces that start together', async () => {
      const views = take(23, { everyMs: 0 });
      for (const view of views) await append(store, view);
      const all = await everyPage(store, {}, 4);
      expect(all.map(({ traceId }) => traceId)).toEqual(
        views
          .map(({ traceId }) => traceId)
          .sort()
          .reverse(),
      );
      await reopen();
      expect(await everyPage(store, {}, 4)).toEqual(all);
    });

    test('a page holds 50 traces, or as many as asked for, and at most 500', async () => {
      for (const view of take(60)) await append(store, view);
      expect((await store.search({})).traces.length).toBe(50);
      expect((await store.search({ limit: 3 })).traces.length).toBe(3);
      expect((await store.search({ limit: 0 })).traces.length).toBe(1);
      const all = await store.search({ limit: 100_000 });
      expect(all.traces.length).toBe(60);
      expect(all.nextCursor).toBeUndefined();
    });

    test('a cursor nobody gave is refused in words', async () => {
      for (const cursor of ['', 'x', '12-zz', '-1-00000000000000000000000000000001', "' OR 1=1 --"]) {
        await expect(store.search({ cursor })).rejects.toThrow(/cursor is not one/);
      }
      await expect(store.search({ minDurationMs: Number.NaN })).rejects.toThrow('minDurationMs is not a number');
    });

    test('texts from outside are texts everywhere', async () => {
      const [view] = take(1);
      const nasty = `'; DROP TABLE trace; -- \u0000 "\n%_ \u{1f600}`;
      const batch = rename(view.batches[0], nasty);
      await store.append(batch);
      for (const _ of ['from memory', 'from disk']) {
        expect((await store.search({ name: nasty })).traces.map((trace) => trace.name)).toEqual([nasty]);
        expect((await store.search({ service: nasty })).traces).toEqual([]);
        expect((await store.search({ name: '%' })).traces.length).toBe(1);
        expect((await store.search({ name: '_x' })).traces.length).toBe(0);
        await reopen();
      }
    });

    test('counts follow what is stored, and the version every change', async () => {
      const before = await store.stats();
      expect(before).toMatchObject({ spans: 0, logs: 0, traces: 0 });
      const [first, second] = take(2);
      await append(store, first);
      const middle = await store.stats();
      expect(middle.version).not.toBe(before.version);
      await append(store, second);
      const after = await store.stats();
      expect(after).toMatchObject({ traces: 2, spans: 42, logs: 6, oldestMs: first.startMs, newestMs: second.startMs });
      expect(after.version).not.toBe(middle.version);
      await store.append(first.batches[0]);
      expect((await store.stats()).version).toBe(after.version);
      await reopen();
      const { bytes, version: _, ...counts } = await store.stats();
      expect(counts).toEqual({ traces: 2, spans: 42, logs: 6, oldestMs: first.startMs, newestMs: second.startMs });
      expect(bytes).toBeGreaterThan(0);
    });

    test('expiry removes what was received before the retention time, and nothing else', async () => {
      await reopen({ retentionMs: 24 * HOUR_MS });
      const [old] = take(1);
      const [recent] = take(1, { seed: 2, fromMs: START_MS + 40 * HOUR_MS });
      await append(store, old);
      await reopen({ retentionMs: 24 * HOUR_MS });
      await append(store, recent);
      const nowMs = START_MS + 41 * HOUR_MS;
      const removed = await store.expire(nowMs);
      expect(removed).toMatchObject({ spans: 21, traces: 1 });
      expect(removed.bytes).toBeGreaterThan(0);
      expect(await store.trace(old.traceId)).toBeUndefined();
      expect(await spanIds(store, recent.traceId)).toEqual(idsOf(recent));
      expect(await store.stats()).toMatchObject({ traces: 1, spans: 21 });
      expect(await store.expire(nowMs)).toEqual({ spans: 0, logs: 0, traces: 0, bytes: 0 });
      // What is gone may come again.
      expect(await store.append(old.batches[1])).toEqual({ ...EMPTY, storedSpans: 3 });
    });

    test('what comes late for a trace that has expired is a trace of its own', async () => {
      await reopen({ retentionMs: HOUR_MS });
      const [view] = take(1);
      await store.append(view.batches[1]);
      await reopen({ retentionMs: HOUR_MS });
      await store.append({ ...view.batches[2], receivedAtMs: START_MS + 10 * HOUR_MS });
      await store.expire(START_MS + 10 * HOUR_MS);
      const rest = (await store.trace(view.traceId))?.spans ?? [];
      const [summary] = (await store.search({})).traces;
      expect(summary?.spanCount).toBe(rest.length);
      expect((await store.stats()).spans).toBe(rest.length);
    });

    test('beyond its quota the store gives up the oldest', { timeout: 90_000 }, async () => {
      const maxBytes = 1024 * 1024 * 1.5;
      await reopen({ maxBytes });
      const views = take(1600);
      for (let from = 0; from < views.length; from += 200) {
        const batches = views.slice(from, from + 200).flatMap((view) => view.batches);
        await Promise.all(batches.map((batch) => store.append(batch)));
        await store.expire(START_MS + HOUR_MS);
        expect((await store.stats()).bytes).toBeLessThan(maxBytes * 1.05);
      }
      const { traces, oldestMs = 0 } = await store.stats();
      expect(traces).toBeGreaterThan(100);
      expect(traces).toBeLessThan(1600);
      expect(oldestMs).toBeGreaterThan(START_MS);
      expect(await spanIds(store, views.at(-1)?.traceId as string)).toEqual(idsOf(views.at(-1) as PageView));
    });

    test('requests are counted by service, route and hour, with percentiles, also of what is not in a block yet', async () => {
      const views = take(60);
      for (const view of views.slice(0, 30)) await append(store, view);
      await reopen();
      for (const view of views.slice(30)) await append(store, view);
      // What is sent again is not counted again.
      for (const view of views) await store.append(view.batches[0]);
      const window = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
      const roots = views.map(({ batches }) => batches[0].spans[0]?.span as OtlpSpan);
      const service = 'shop-web';
      const ofService = views.filter(({ batches }) => serviceOf(batches[0]) === service);
      for (const _ of ['mixed', 'all from disk']) {
        const [all] = await store.statistics({ measure: 'requests', ...window });
        // Each page view: its root, one request at the edge, two at the backend.
        expect(all).toMatchObject({ count: 240 });
        const rows = await store.statistics({ measure: 'requests', ...window, service, by: ['hour', 'service'] });
        expect(rows.length).toBe(1);
        expect(rows[0]).toMatchObject({ hourMs: START_MS, service, count: ofService.length });
        const durations = ofService.map((view) => durationOf(view.batches[0].spans[0]?.span as OtlpSpan));
        expectNear(rows[0]?.p75, quantile(durations, 0.75), 0.03);
        expectNear(rows[0]?.mean, durations.reduce((sum, ms) => sum + ms, 0) / durations.length, 1e-6);
        expect(rows[0]?.errors).toBe(
          ofService.filter(({ batches }) => batches[0].spans[0]?.span.status?.code === 2).length,
        );
        const byRoute = await store.statistics({ measure: 'requests', ...window, by: ['route'], limit: 1000 });
        const counts = byRoute.map(({ count }) => count);
        expect(counts).toEqual([...counts].sort((a, b) => b - a));
        expect(byRoute.find(({ route }) => route === roots[0]?.name)?.count).toBeGreaterThan(0);
        expect(await store.statistics({ measure: 'requests', fromMs: 0, toMs: HOUR_MS })).toEqual([]);
        expect(await store.statistics({ measure: 'requests', ...window, service: 'nobody' })).toEqual([]);
        await reopen();
      }
    });

    test('web vitals are counted once a page view, by the value known last', async () => {
      const views = take(40);
      // Vitals come before the route is known, and again with a larger value.
      for (const view of views) await store.append({ ...view.batches[0], spans: [] });
      await reopen();
      for (const view of views) await append(store, view);
      const grown = views.map(({ batches: [{ logs, ...browser }] }) => ({
        ...browser,
        spans: [],
        logs: [grow(logs[0])],
      }));
      await reopen();
      for (const batch of grown) await store.append(batch);
      const window = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
      const lcp = views.map((view) => (vitalsOf(view).lcp ?? 0) + 1000);
      for (const _ of ['mixed', 'all from disk']) {
        const [all] = await store.statistics({ measure: 'lcp', ...window });
        expect(all?.count).toBe(40);
        expectNear(all?.p75, quantile(lcp, 0.75), 0.03);
        const [cls] = await store.statistics({ measure: 'cls', ...window });
        expect(cls?.count).toBe(40);
        expectNear(
          cls?.p75,
          quantile(
            views.map((view) => vitalsOf(view).cls ?? 0),
            0.75,
          ),
          0.03,
        );
        const byRoute = await store.statistics({ measure: 'lcp', ...window, by: ['route', 'device'] });
        expect(byRoute.reduce((sum, { count }) => sum + count, 0)).toBe(40);
        expect(byRoute.every(({ route, device }) => route !== '' && /^(mobile|desktop)$/.test(device ?? ''))).toBe(
          true,
        );
        await reopen();
      }
    });

    test('root spans and served requests are counted by themselves, by several hours and with any quantile', async () => {
      const views = take(48, { everyMs: HOUR_MS });
      for (const view of views.slice(0, 30)) await append(store, view);
      await reopen();
      for (const view of views.slice(30)) await append(store, view);
      const window = { fromMs: START_MS, toMs: START_MS + 48 * HOUR_MS };
      const spans = views.flatMap((view) => view.batches.flatMap((batch) => batch.spans.map(({ span }) => span)));
      const roots = spans.filter(({ parentSpanId }) => !parentSpanId);
      const served = spans.filter(({ kind }) => kind === SPAN_KIND.server);
      for (const _ of ['mixed', 'all from disk']) {
        for (const [measure, of] of [
          ['roots', roots],
          ['served', served],
        ] as const) {
          const [row] = await store.statistics({ measure, ...window, quantiles: [0, 0.9, 1] });
          expect(row).toMatchObject({ count: of.length, errors: of.filter(({ status }) => status?.code === 2).length });
          expectNear(row?.quantiles?.[1], quantile(of.map(durationOf), 0.9), 0.03);
          expect(row?.quantiles?.length).toBe(3);
        }
        const daily = await store.statistics({ measure: 'roots', ...window, by: ['hour'], everyHours: 24 });
        expect(daily.map(({ hourMs }) => (hourMs ?? 0) % (24 * HOUR_MS))).toEqual([0, 0, 0]);
        expect(daily.map(({ count }) => count)).toEqual([12, 24, 12]);
        await reopen();
      }
      for (const wrong of [
        { everyHours: 0 },
        { everyHours: 1.5 },
        { quantiles: [2] },
        { quantiles: Array(17).fill(0.5) },
      ])
        await expect(store.statistics({ measure: 'roots', ...window, ...wrong })).rejects.toThrow(InvalidFilterError);
    });

    test('web vitals are told apart by browser, country, release and the element they are about', async () => {
      const views = take(40);
      const hero = { [names.ATTR_WEB_VITAL_TARGET]: 'main>h1' };
      for (const [i, view] of views.entries()) {
        const [page, ...later] = view.batches;
        const batch = i % 4 === 0 ? withLogAttributes(page, hero) : page;
        await store.append(cameFrom(batch, i % 2 === 0 ? 'CH' : 'DE'));
        for (const rest of later) await store.append(rest);
        if (i === 25) await reopen();
      }
      const query = { measure: 'lcp', fromMs: START_MS, toMs: START_MS + HOUR_MS } as const;
      const lcps = (wanted: (i: number) => boolean) =>
        views.filter((_, i) => wanted(i)).map((view) => vitalsOf(view).lcp ?? 0);
      const counts = async (more: Partial<StatisticsQuery>, by: VitalGroup) => {
        const rows = await store.statistics({ ...query, ...more, by: [by] });
        return Object.fromEntries(rows.map((row) => [row[by], row.count]));
      };
      const { traces } = await store.search({ limit: 500 });
      for (const _ of ['mixed', 'all from disk']) {
        expect(await counts({}, 'country')).toEqual({ CH: 20, DE: 20 });
        expect(await counts({}, 'target')).toEqual({ 'main>article>img.hero': 30, 'main>h1': 10 });
        expect(await counts({ country: 'CH' }, 'target')).toEqual({ 'main>article>img.hero': 10, 'main>h1': 10 });
        expect(await counts({ target: 'main>h1' }, 'country')).toEqual({ CH: 10 });
        expect(await counts({}, 'release')).toEqual({ '2026.11.3': 40 });
        const browsers = await counts({}, 'browser');
        for (const [browser, count] of Object.entries(browsers)) {
          expect(traces.filter((trace) => trace.browser === browser).length).toBe(count);
        }
        const family = Object.keys(browsers)[0]?.replace(/ \d+$/, '') ?? '';
        const [of] = await store.statistics({ ...query, browser: family });
        expect(of?.count).toBe(traces.filter(({ browser }) => browser.startsWith(`${family} `)).length);
        const [swiss] = await store.statistics({ ...query, country: 'CH' });
        expectNear(
          swiss?.p75,
          quantile(
            lcps((i) => i % 2 === 0),
            0.75,
          ),
          0.03,
        );
        expect(await store.statistics({ ...query, country: 'FR' })).toEqual([]);
        const beside = { ...query, fromMs: START_MS + 2 * HOUR_MS, toMs: START_MS + 3 * HOUR_MS };
        expect(await store.statistics({ ...beside, by: ['country'] })).toEqual([]);
        await reopen();
      }
      // Reported again, larger and about another element, each is still counted once.
      for (const view of views.slice(0, 8)) {
        const [{ logs, ...page }] = view.batches;
        const grown = { ...page, spans: [], logs: [grow(logs[0])] };
        await store.append(withLogAttributes(grown, { [names.ATTR_WEB_VITAL_TARGET]: 'footer' }));
      }
      for (const _ of ['mixed', 'all from disk']) {
        expect(await counts({}, 'target')).toEqual({ 'main>article>img.hero': 24, 'main>h1': 8, footer: 8 });
        expect((await store.statistics({ ...query, by: [] }))[0]?.count).toBe(40);
        await reopen();
      }
      await store.remove({ sessionId: views[0].sessionId });
      const left = views.filter(({ sessionId }) => sessionId !== views[0].sessionId).length;
      expect((await store.statistics({ ...query, by: ['release'] }))[0]?.count).toBe(left);
      await expect(store.statistics({ ...query, measure: 'requests', by: ['country'] })).rejects.toThrow(/web vitals/);
    });

    test('clocks of senders make no hours without end: spans of any year are stored as sent and counted near their receipt', async () => {
      const receivedAtMs = START_MS;
      const years = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1970 + i : 2100 + i));
      const [view] = take(1);
      const root = view.batches[0].spans[0] as SpanRecord;
      for (const year of years) {
        const nanos = `${Date.UTC(year, 5)}000000`;
        const traceId = String(year).padStart(32, '0');
        const span = { ...root.span, traceId, startTimeUnixNano: nanos, endTimeUnixNano: nanos };
        await store.append({ ...view.batches[0], receivedAtMs, spans: [{ ...root, span }], logs: [] });
      }
      await reopen();
      for (const year of years) {
        const trace = await store.trace(String(year).padStart(32, '0'));
        expect(trace?.spans[0]?.span.startTimeUnixNano).toBe(`${Date.UTC(year, 5)}000000`);
      }
      const ever = { fromMs: 0, toMs: Date.UTC(2300, 0) };
      const hours = await store.statistics({ measure: 'roots', ...ever, by: ['hour'] });
      expect(hours.map(({ count }) => count)).toEqual([20, 20]);
      for (const { hourMs = 0 } of hours) expect(Math.abs(hourMs - receivedAtMs)).toBeLessThan(33 * 24 * HOUR_MS);
    });

    test('routes without end are counted, and told apart up to a limit', async () => {
      const [{ batches }] = take(1);
      const [page] = batches;
      const record = page.spans[0] as SpanRecord;
      const routed = (i: number): SpanRecord => {
        const id = i.toString(16).padStart(16, '0');
        const attributes = [{ key: names.ATTR_URL_TEMPLATE, value: { stringValue: `/made-up/${i}` } }];
        return { ...record, span: { ...record.span, traceId: `${id}${id}`, spanId: id, attributes } };
      };
      const total = 4000;
      for (let i = 1; i <= total; i += 500) {
        const spans = Array.from({ length: 500 }, (_, n) => routed(i + n));
        await store.append({ ...page, logs: [], spans });
      }
      const query = { measure: 'requests', fromMs: START_MS, toMs: START_MS + HOUR_MS } as const;
      await reopen();
      for (const _ of ['closed once', 'closed twice']) {
        const rows = await store.statistics({ ...query, by: ['route'], limit: 1000 });
        expect(rows[0]?.route).toBe('other');
        expect(rows.length).toBeLessThan(1000);
        expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(total);
        expect((await store.statistics(query))[0]?.count).toBe(total);
        await reopen();
      }
    });

    test('a sampled span counts for those it stands for, and a forged threshold for no more than a limit', async () => {
      const [view, forged] = take(2);
      const sampled = (batch: AcceptedBatch, th: string): AcceptedBatch => ({
        ...batch,
        spans: batch.spans.map(({ span, ...rest }) => ({ ...rest, span: { ...span, traceState: `ot=th:${th}` } })),
      });
      await store.append(sampled(view.batches[0], 'c'));
      const window = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
      expect(await store.statistics({ measure: 'requests', ...window })).toMatchObject([{ count: 4 }]);
      expect(await store.statistics({ measure: 'lcp', ...window })).toMatchObject([{ count: 4 }]);
      await store.append(sampled(forged.batches[0], 'ffffffffffffff'));
      await reopen();
      expect(await store.statistics({ measure: 'requests', ...window })).toMatchObject([{ count: 10_004 }]);
    });

    test('what an unsampled session tells of an error is stored, and counted for nobody', async () => {
      const [sampled, unsampled] = take(2);
      await store.append(sampled.batches[0]);
      const [told] = unsampled.batches;
      const RANDOM_FLAG = 2;
      await store.append({
        ...told,
        spans: told.spans.map(({ span, ...rest }) => ({ ...rest, span: { ...span, flags: RANDOM_FLAG } })),
      });
      const window = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
      for (const _ of ['in memory', 'from disk']) {
        expect((await store.trace(unsampled.traceId))?.spans.length).toBe(told.spans.length);
        for (const measure of ['requests', 'lcp'] as const) {
          expect(await store.statistics({ measure, ...window })).toMatchObject([{ count: 1 }]);
          expect(await store.statistics({ measure, ...window, by: ['route'] })).toMatchObject([{ count: 1 }]);
        }
        expect(await store.statistics({ measure: 'lcp', ...window, by: ['release'] })).toMatchObject([{ count: 1 }]);
        await reopen();
      }
    });

    test.each([250, 1_200_000])('a session adds up its traces, wherever they lie, %i ms apart', async (everyMs) => {
      const views = take(80, { everyMs });
      for (const view of views.slice(0, 40)) await append(store, view);
      await reopen();
      for (const view of views.slice(40)) await append(store, view);
      const sessions = [...new Set(views.map(({ sessionId }) => sessionId))];
      for (const _ of ['mixed', 'all from disk']) {
        const found = await store.sessions({ limit: 500 });
        expect(found.map(({ sessionId }) => sessionId).sort()).toEqual([...sessions].sort());
        expect(found.map(({ endMs }) => endMs)).toEqual(found.map(({ endMs }) => endMs).sort((a, b) => b - a));
        for (const session of found) {
          const own = views.filter(({ sessionId }) => sessionId === session.sessionId);
          expect(session).toMatchObject({
            traceCount: own.length,
            spanCount: own.length * 21,
            startMs: Math.min(...own.map(({ startMs }) => startMs)),
            entryRoute: own[0]?.route,
          });
        }
        expect(await store.sessions({ limit: 3 })).toEqual(found.slice(0, 3));
        expect(await store.sessions({ error: true, limit: 500 })).toEqual(
          found.filter(({ errorCount }) => errorCount > 0),
        );
        expect(await store.sessions({ error: true, limit: 1 })).toEqual(
          found.filter(({ errorCount }) => errorCount > 0).slice(0, 1),
        );
        expect(await store.sessions({ userId: 'nobody' })).toEqual([]);
        const later = await store.sessions({ fromMs: views.at(60)?.startMs as number, limit: 500 });
        expect(later.reduce((sum, { traceCount }) => sum + traceCount, 0)).toBe(20);
        await reopen();
      }
    });

    test('what is removed of a session or a user is gone, and nothing else is', async () => {
      const views = take(60);
      const [{ sessionId }] = views;
      const withUser = { ...views[1].batches[0] };
      withUser.spans = withUser.spans.map(({ span, ...rest }) => ({
        ...rest,
        span: {
          ...span,
          attributes: [...(span.attributes ?? []), { key: names.ATTR_USER_ID, value: { stringValue: 'u-1' } }],
        },
      }));
      await store.append(withUser);
      for (const view of views.slice(2, 40)) await append(store, view);
      await append(store, views[0]);
      await reopen();
      for (const view of views.slice(40)) await append(store, view);
      const stays = views.filter((view) => view.sessionId !== sessionId && view !== views[1]);
      const goes = views.filter((view) => view.sessionId === sessionId && view !== views[1]);
      expect(await store.remove({ sessionId })).toMatchObject({ traces: goes.length, spans: goes.length * 21 });
      expect(await store.remove({ userId: 'u-1' })).toMatchObject({ traces: 1, spans: 13 });
      expect(await store.remove({ userId: 'u-1' })).toMatchObject({ traces: 0, spans: 0 });
      for (const _ of ['before', 'after the store was closed']) {
        for (const view of goes) expect(await store.trace(view.traceId)).toBeUndefined();
        for (const view of stays) expect(await spanIds(store, view.traceId)).toEqual(idsOf(view));
        expect((await store.search({ sessionId })).traces).toEqual([]);
        expect((await store.search({ userId: 'u-1' })).traces).toEqual([]);
        expect((await everyPage(store, {}, 500)).length).toBe(stays.length);
        expect(await store.stats()).toMatchObject({ traces: stays.length, spans: stays.length * 21 });
        await reopen();
      }
    });

    test('appends after closing are refused, and closing twice is fine', async () => {
      const [view] = take(1);
      await store.close();
      await expect(store.append(view.batches[0])).rejects.toThrow(StoreUnavailableError);
      await store.close();
    });

    test('appends that were accepted before closing are there afterwards', async () => {
      const views = take(10);
      const appended = views.flatMap((view) => view.batches.map((batch) => store.append(batch)));
      await store.close();
      await Promise.all(appended);
      store = await place.open();
      expect(await store.stats()).toMatchObject({ traces: 10, spans: 210 });
    });
  });
}

function take(count: number, options: { seed?: number; fromMs?: number; everyMs?: number } = {}): [PageView, PageView] {
  const views = pageViews({ fromMs: START_MS, ...options });
  return Array.from({ length: count }, () => views.next().value) as [PageView, PageView];
}

async function append(store: TraceStore, view: PageView): Promise<void> {
  for (const batch of view.batches) await store.append(batch);
}

async function everyPage(store: TraceStore, filter: TraceFilter, limit: number): Promise<TraceSummary[]> {
  const traces: TraceSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.search({ ...filter, limit, ...(cursor !== undefined && { cursor }) });
    traces.push(...page.traces);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return traces;
}

/** A filter as its documentation says it, read over a list. */
function holds(summary: TraceSummary, filter: TraceFilter): boolean {
  const { name, fromMs = 0, toMs = Number.POSITIVE_INFINITY, minDurationMs = 0 } = filter;
  return (
    summary.startMs >= fromMs &&
    summary.startMs <= toMs &&
    summary.durationMs >= minDurationMs &&
    summary.durationMs <= (filter.maxDurationMs ?? Number.POSITIVE_INFINITY) &&
    (filter.service === undefined || summary.services.includes(filter.service)) &&
    (filter.route === undefined || summary.route === filter.route) &&
    (name === undefined || summary.name.toLowerCase().includes(name.toLowerCase())) &&
    (filter.activity === undefined || summary.activity === filter.activity) &&
    (filter.browser === undefined ||
      summary.browser === filter.browser ||
      summary.browser.startsWith(`${filter.browser} `)) &&
    (filter.device === undefined || summary.device === filter.device) &&
    (filter.country === undefined || summary.country === filter.country) &&
    (filter.release === undefined || summary.release === filter.release) &&
    (filter.error === undefined || summary.errorCount > 0 === filter.error) &&
    (filter.sessionId === undefined || summary.sessionId === filter.sessionId) &&
    (filter.userId === undefined || summary.userId === filter.userId) &&
    (filter.updatedAfterMs === undefined || summary.updatedAtMs > filter.updatedAfterMs)
  );
}

function serviceOf(batch: AcceptedBatch): string | undefined {
  return batch.spans[0]?.resource.attributes.find(({ key }) => key === names.ATTR_SERVICE_NAME)?.value?.stringValue;
}

function durationOf(span: OtlpSpan): number {
  return durationMs(span.startTimeUnixNano, span.endTimeUnixNano);
}

function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

function expectNear(actual: number | undefined, expected: number, relative: number): void {
  expect(Math.abs((actual ?? Number.NaN) - expected) / expected).toBeLessThan(relative);
}

/** The same web vital reported again, a second larger. */
function grow(record: LogRecord | undefined): LogRecord {
  const { log, ...rest } = record as LogRecord;
  const attributes = (log.attributes ?? []).map(({ key, value }) => {
    if (key === names.ATTR_EVENT_ID) return { key, value: { stringValue: `${value?.stringValue}-again` } };
    if (key !== names.ATTR_WEB_VITAL_VALUE) return { key, ...(value && { value }) };
    return { key, value: { doubleValue: Number(value?.doubleValue ?? value?.intValue) + 1000 } };
  });
  return { ...rest, log: { ...log, attributes } };
}

function idsOf(view: PageView): string[] {
  return view.batches.flatMap(({ spans }) => spans.map(({ span }) => span.spanId)).sort();
}

async function spanIds(store: TraceStore, traceId: string): Promise<string[]> {
  return ((await store.trace(traceId))?.spans ?? []).map(({ span }) => span.spanId).sort();
}

function vitalsOf(view: PageView): Record<string, number> {
  const text = (attributes: OtlpKeyValue[] | undefined, key: string) =>
    attributes?.find((attribute) => attribute.key === key)?.value;
  return Object.fromEntries(
    view.batches[0].logs.map(({ log }) => [
      text(log.attributes, names.ATTR_WEB_VITAL_NAME)?.stringValue,
      Number(
        text(log.attributes, names.ATTR_WEB_VITAL_VALUE)?.doubleValue ??
          text(log.attributes, names.ATTR_WEB_VITAL_VALUE)?.intValue,
      ),
    ]),
  );
}

function withoutEventId(attributes: OtlpKeyValue[] | undefined): OtlpKeyValue[] {
  return (attributes ?? []).filter(({ key }) => key !== names.ATTR_EVENT_ID);
}

/** A batch whose log records say this as well. */
function withLogAttributes(batch: AcceptedBatch, attributes: Record<string, string>): AcceptedBatch {
  const added = encodeAttributes(attributes);
  const keys = new Set(Object.keys(attributes));
  const logs = batch.logs.map(({ log, ...rest }) => {
    const kept = (log.attributes ?? []).filter(({ key }) => !keys.has(key));
    return { ...rest, log: { ...log, attributes: [...kept, ...added] } };
  });
  return { ...batch, logs };
}

/** A batch whose sender's country a proxy told. */
function cameFrom(batch: AcceptedBatch, country: string): AcceptedBatch {
  const stamped = new Map<ResourceRecord, ResourceRecord>();
  const stamp = <T extends SpanRecord | LogRecord>(record: T): T => {
    const attributes = [
      ...record.resource.attributes,
      { key: names.ATTR_GEO_COUNTRY, value: { stringValue: country } },
    ];
    const resource = stamped.get(record.resource) ?? { ...record.resource, attributes };
    stamped.set(record.resource, resource);
    return { ...record, resource };
  };
  return { ...batch, spans: batch.spans.map(stamp), logs: batch.logs.map(stamp) };
}

function rename(batch: AcceptedBatch, name: string): AcceptedBatch {
  return { ...batch, spans: batch.spans.map((record) => ({ ...record, span: { ...record.span, name } })) };
}

function bySpanId(spans: SpanRecord[]): SpanRecord[] {
  return [...spans].sort((a, b) => (a.span.spanId < b.span.spanId ? -1 : 1));
}

function delayed(span: OtlpSpan, ms: number): OtlpSpan {
  const later = (nanos: string): string => String(BigInt(nanos) + BigInt(ms) * 1_000_000n);
  return { ...span, startTimeUnixNano: later(span.startTimeUnixNano), endTimeUnixNano: later(span.endTimeUnixNano) };
}

/** One of everything OTLP can say of a span and a log record. */
function everyKind(): AcceptedBatch {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const attributes: OtlpKeyValue[] = [
    { key: 'text', value: { stringValue: 'Grüße, 世界 \u{1f600}' } },
    { key: 'empty text', value: { stringValue: '' } },
    { key: 'long', value: { stringValue: 'x'.repeat(5000) } },
    { key: 'true', value: { boolValue: true } },
    { key: 'false', value: { boolValue: false } },
    { key: 'int', value: { intValue: '-42' } },
    { key: 'largest', value: { intValue: '9223372036854775807' } },
    { key: 'smallest', value: { intValue: '-9223372036854775808' } },
    { key: 'double', value: { doubleValue: 0.1 + 0.2 } },
    { key: 'thousandths', value: { doubleValue: 1234.567 } },
    { key: 'negative', value: { doubleValue: -1.5 } },
    { key: 'not a number', value: { doubleValue: 'NaN' } },
    { key: 'infinite', value: { doubleValue: '-Infinity' } },
    { key: 'bytes', value: { bytesValue: 'AAECAwQ=' } },
    { key: 'nothing', value: {} },
    { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'b' }, {}] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'deep', value: { boolValue: true } }] } } },
    { key: names.ATTR_HTTP_ROUTE, value: { stringValue: 'GET' } },
  ];
  const resource = { attributes, droppedAttributesCount: 1, schemaUrl: 'https://example.com/schema' };
  const scope = { name: 'scope', version: '1.2.3', attributes, droppedAttributesCount: 2, schemaUrl: names.SCHEMA_URL };
  const bare: OtlpSpan = {
    traceId,
    spanId: '00f067aa0ba902b7',
    name: '',
    kind: 0,
    startTimeUnixNano: '1763788800123456789',
    endTimeUnixNano: '1763788800123456789',
  };
  const full: OtlpSpan = {
    ...bare,
    spanId: '00f067aa0ba902b8',
    parentSpanId: '00f067aa0ba902b7',
    traceState: 'ot=th:8;rv:0123456789abcd,vendor=1',
    flags: 0xffffffff,
    name: 'everything',
    kind: 5,
    startTimeUnixNano: '1763788799999999999',
    endTimeUnixNano: '18446744073709551615',
    attributes,
    droppedAttributesCount: 3,
    events: [
      { timeUnixNano: '1763788799999999998', name: 'before its span', attributes, droppedAttributesCount: 4 },
      { timeUnixNano: '0', name: 'no time' },
    ],
    droppedEventsCount: 5,
    links: [
      {
        traceId: 'ffffffffffffffffffffffffffffffff',
        spanId: 'ffffffffffffffff',
        traceState: 'a=b',
        attributes,
        flags: 1,
      },
      { traceId, spanId: '00f067aa0ba902b7', droppedAttributesCount: 6 },
    ],
    droppedLinksCount: 7,
    status: { code: 2, message: 'failed' },
  };
  const orphan: OtlpSpan = {
    ...bare,
    spanId: '00f067aa0ba902b9',
    parentSpanId: 'aaaaaaaaaaaaaaaa',
    status: { code: 1 },
  };
  const logs: LogRecord[] = [
    { resource, scope, log: { traceId, timeUnixNano: '1763788800000000000' } },
    {
      resource,
      scope: { name: '' },
      log: {
        traceId,
        spanId: '00f067aa0ba902b8',
        timeUnixNano: '0',
        observedTimeUnixNano: '1763788800000000001',
        severityNumber: 17,
        severityText: 'ERROR',
        eventName: 'exception',
        body: { kvlistValue: { values: attributes } },
        attributes,
        droppedAttributesCount: 8,
        flags: 1,
      },
    },
  ];
  return {
    receivedAtMs: START_MS,
    trust: 'trusted',
    keyId: 'test',
    spans: [
      { resource, scope, span: bare },
      { resource: { attributes: [] }, scope: { name: 'other' }, span: full },
      { resource, scope: { name: 'other' }, span: orphan },
    ],
    logs,
  };
}
