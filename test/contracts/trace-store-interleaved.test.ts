import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStore } from '../../edge/store/sqlite/check-store.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import type { TraceStore } from '../../edge/store/trace-store.ts';
import { createRandom, type PageView, pageViews } from '../support/page-views.ts';

let directory: string;
let store: TraceStore;
const reports: string[] = [];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-interleaved-'));
  // Everything is due at once: traces move into blocks while they are written to and read.
  store = await openSqliteStore({ directory, quietMs: 0, report: (message) => reports.push(message) });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

test('reads between appends never miss, double or miscount what was acknowledged', { timeout: 120_000 }, async () => {
  const random = createRandom(11);
  const views = pageViews({ seed: 5 });
  const acknowledged = new Map<string, { view: PageView; spans: number }>();
  let appended = 0;
  let done = false;
  const writer = async (): Promise<void> => {
    while (appended < 800) {
      const view = views.next().value;
      appended += 1;
      const entry = { view, spans: 0 };
      for (const batch of random() < 0.5 ? view.batches : [...view.batches].reverse()) {
        await store.append(batch);
        entry.spans += batch.spans.length;
        acknowledged.set(view.traceId, entry);
        if (random() < 0.1) expect(await store.append(batch)).toMatchObject({ storedSpans: 0 });
      }
    }
  };
  const window = { fromMs: Date.UTC(2026, 10, 20), toMs: Date.UTC(2026, 10, 21) };
  const reader = async (): Promise<void> => {
    while (!done) {
      const before = [...acknowledged];
      const complete = before.filter(([, { spans }]) => spans === 21).length;
      const [traceId, { spans }] = before[Math.floor(random() * before.length)] ?? ['', { spans: 0 }];
      if (traceId === '') {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const stored = (await store.trace(traceId))?.spans.map(({ span }) => span.spanId) ?? [];
      expect(new Set(stored).size).toBe(stored.length);
      expect(stored.length).toBeGreaterThanOrEqual(spans);

      const { traces } = await store.search({ limit: 500 });
      expect(new Set(traces.map((trace) => trace.traceId)).size).toBe(traces.length);
      expect(traces.length).toBeGreaterThanOrEqual(Math.min(500, before.length));

      const [requests] = await store.statistics({ measure: 'requests', ...window });
      // At least what was acknowledged before the question, at most what was sent until the answer.
      expect(requests?.count ?? 0).toBeGreaterThanOrEqual(complete * 4);
      expect(requests?.count ?? 0).toBeLessThanOrEqual(appended * 4);
      const [lcp] = await store.statistics({ measure: 'lcp', ...window });
      expect(lcp?.count ?? 0).toBeGreaterThanOrEqual(complete);
      expect(lcp?.count ?? 0).toBeLessThanOrEqual(appended);

      const sessions = await store.sessions({ limit: 500 });
      const counted = sessions.reduce((sum, { traceCount }) => sum + traceCount, 0);
      expect(counted).toBeGreaterThanOrEqual(complete);
      expect(counted).toBeLessThanOrEqual(appended);
    }
  };
  const readers = [reader(), reader()];
  await Promise.all([writer(), writer(), writer()]);
  done = true;
  await Promise.all(readers);

  await store.close();
  expect(reports).toEqual([]);
  expect(await checkStore(directory)).toMatchObject({ problems: [], traces: appended, spans: appended * 21 });
  store = await openSqliteStore({ directory });
  expect(await store.statistics({ measure: 'requests', ...window })).toMatchObject([{ count: appended * 4 }]);
  expect(await store.statistics({ measure: 'cls', ...window })).toMatchObject([{ count: appended }]);
});
