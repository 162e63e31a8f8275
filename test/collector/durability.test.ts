import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OtlpSpan } from '../../src/wire/otlp.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, SECRET_KEY, spawnCollector } from '../support/running-collector.ts';

const ARGS = ['--key', PUBLIC_KEY, '--secret-key', SECRET_KEY];
let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'throughline-durability-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

interface Batch {
  id: string;
  spans: OtlpSpan[];
  body: string;
}

function makeBatch(number: number): Batch {
  const first = makeSpan();
  const spans = [first, makeSpan({ traceId: first.traceId, parentSpanId: first.spanId }), makeSpan()];
  return { id: number.toString(16).padStart(16, '0'), spans, body: JSON.stringify(makePayload({ spans })) };
}

const send = (url: string, { id, body }: Batch) =>
  fetch(`${url}/otlp?k=${PUBLIC_KEY}&b=${id}`, { method: 'POST', body });

async function storedSpanIds(url: string, traceIds: Iterable<string>): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  for (const traceId of new Set(traceIds)) {
    const response = await fetch(`${url}/api/traces/${traceId}?format=otlp`);
    if (response.status === 404) continue;
    const { resourceSpans } = (await response.json()) as ReturnType<typeof makePayload>;
    for (const group of resourceSpans ?? [])
      for (const scope of group.scopeSpans ?? [])
        for (const { spanId } of scope.spans ?? []) seen.set(spanId, (seen.get(spanId) ?? 0) + 1);
  }
  return seen;
}

test('kill -9 in the middle of a stream: every batch answered 2xx is there, and resent ones are counted once', async () => {
  const batches = Array.from({ length: 400 }, (_, number) => makeBatch(number));
  const acknowledged = new Set<string>();
  let collector = await spawnCollector({ data, args: ARGS });
  // Three times over: a store that came back from one kill must survive the next.
  for (const killAfter of [40, 130, 260]) {
    const waiting = batches.filter(({ id }) => !acknowledged.has(id));
    const senders = Array.from({ length: 8 }, async () => {
      for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
        const response = await send(collector.url, batch).catch(() => undefined);
        if (response?.status === 200) acknowledged.add(batch.id);
        if (response === undefined) return; // the process is gone
        if (acknowledged.size >= killAfter) collector.process.kill('SIGKILL');
      }
    });
    await Promise.all(senders);
    await collector.kill('SIGKILL');
    expect(acknowledged.size).toBeGreaterThanOrEqual(killAfter);
    expect(acknowledged.size).toBeLessThan(batches.length);
    collector = await spawnCollector({ data, args: ARGS });
    const seen = await storedSpanIds(
      collector.url,
      batches.flatMap(({ spans }) => spans.map(({ traceId }) => traceId)),
    );
    const owed = batches.filter(({ id }) => acknowledged.has(id)).flatMap(({ spans }) => spans);
    expect(owed.filter(({ spanId }) => seen.get(spanId) !== 1)).toEqual([]);
  }

  for (const batch of batches) expect((await send(collector.url, batch)).status).toBe(200);
  for (const batch of batches.slice(0, 50)) {
    // The same spans in a request of another kind are the same spans still.
    const response = await fetch(`${collector.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: batch.body,
    });
    expect(response.status).toBe(200);
  }
  const seen = await storedSpanIds(
    collector.url,
    batches.flatMap(({ spans }) => spans.map(({ traceId }) => traceId)),
  );
  expect(seen.size).toBe(1200);
  expect([...seen.values()].every((count) => count === 1)).toBe(true);
  const stats = (await (await fetch(`${collector.url}/api/stats`)).json()) as { spans: number; traces: number };
  expect(stats).toMatchObject({ spans: 1200, traces: 800 });
  await collector.kill('SIGKILL');
});

test('SIGTERM under load: what was answered is there, nothing is answered with a 5xx but 503, and the process leaves with 0', async () => {
  const collector = await spawnCollector({ data, args: ARGS });
  const acknowledged: OtlpSpan[] = [];
  const statuses = new Set<number>();
  let number = 0;
  let isOver = false;
  const senders = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const batch = makeBatch(number++);
      const response = await send(collector.url, batch).catch(() => undefined);
      if (!response) return;
      statuses.add(response.status);
      await response.arrayBuffer().catch(() => undefined);
      if (response.status === 200) acknowledged.push(...batch.spans);
      if (acknowledged.length > 300) isOver = true;
    }
  });
  const live = await fetch(`${collector.url}/api/live`);
  await Promise.race(senders);
  isOver = false;
  const stoppedAtMs = Date.now();
  expect(await collector.kill('SIGTERM')).toBe(0);
  // Nothing was slow, so nothing had to be cut off at the drain's deadline of 10 s.
  expect(Date.now() - stoppedAtMs).toBeLessThan(9_000);
  isOver = true;
  await Promise.all(senders);
  await live.text();
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);

  const again = await spawnCollector({ data, args: ARGS });
  const seen = await storedSpanIds(
    again.url,
    acknowledged.map(({ traceId }) => traceId),
  );
  expect(acknowledged.filter(({ spanId }) => seen.get(spanId) !== 1)).toEqual([]);
  expect(await again.kill('SIGINT')).toBe(0);
});
