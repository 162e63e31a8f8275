import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkStore } from '../../edge/store/sqlite/check-store.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { ATTR_CLOUDFLARE_RAY_ID } from '../../src/wire/names.ts';
import { pageViews } from '../support/page-views.ts';

/**
 * Stores as older versions wrote them, each with eight page views in parts, two whose edge and backend spans came later,
 * two in the journal alone, and log records of no trace. They are never made anew: a version that cannot read one of
 * them loses what people have stored.
 */
const VERSIONS = ['store-v1', 'store-v2'];

for (const version of VERSIONS) {
  test(`${version} is read, written to and read again`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'throughline-version-'));
    try {
      cpSync(fileURLToPath(new URL(`../fixtures/${version}`, import.meta.url)), directory, { recursive: true });
      const produced = pageViews({ seed: 1 });
      const views = Array.from({ length: 13 }, () => produced.next().value);
      const stored = views.slice(0, 12);
      const added = views.slice(12);
      const reports: string[] = [];
      for (const expected of [stored, [...stored, ...added]]) {
        const store = await openSqliteStore({ directory, report: (text) => reports.push(text) });
        for (const view of expected === stored ? [] : added)
          for (const batch of view.batches) await store.append(batch);
        for (const view of expected) {
          const trace = await store.trace(view.traceId);
          const bySpanId = new Map(trace?.spans.map((record) => [record.span.spanId, record]));
          for (const record of view.batches.flatMap(({ spans }) => spans)) {
            expect(bySpanId.get(record.span.spanId)).toEqual(record);
          }
          expect(trace?.logs.length).toBe(3);
          expect(await store.append(view.batches[2])).toMatchObject({ storedSpans: 0, duplicateSpans: 5 });
        }
        const { traces } = await store.search({ activity: 'page load' });
        expect(traces.map(({ traceId }) => traceId)).toEqual(expected.map(({ traceId }) => traceId).reverse());
        expect(await store.stats()).toMatchObject({ traces: expected.length, spans: expected.length * 21 });
        const [first] = stored;
        const window = { fromMs: first?.startMs ?? 0, toMs: first?.startMs ?? 0 };
        expect(await store.statistics({ measure: 'lcp', ...window })).toMatchObject([{ count: expected.length }]);
        // What a version did not know of its traces yet is empty, and never in the way of what it did know.
        const byRelease = await store.statistics({ measure: 'lcp', ...window, by: ['release'] });
        expect(byRelease.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
        for (const view of expected) {
          const ray = view.batches[1].spans[0]?.span.attributes?.find(({ key }) => key === ATTR_CLOUDFLARE_RAY_ID);
          const attributes = [{ key: ATTR_CLOUDFLARE_RAY_ID, value: ray?.value?.stringValue ?? '' }];
          const found = await store.search({ attributes });
          expect(found.traces.map(({ traceId }) => traceId)).toEqual([view.traceId]);
        }
        await store.close();
      }
      expect(reports).toEqual([]);
      expect((await checkStore(directory)).problems).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
