import { afterAll, beforeAll, expect, test } from 'vitest';
import { createExporter } from '../../edge/worker/exporter.ts';
import { createLedger } from '../../edge/worker/ledger.ts';
import type { OtlpSpan } from '../../src/wire/otlp.ts';
import { type Sink, startSink } from './support/sink.ts';

const SPANS = 60;
const SPAN_CHARS = 100_000;
/** What an isolate may hold. */
const MAX_PENDING_CHARS = 4 * 1024 * 1024;

let sink: Sink;
beforeAll(async () => {
  sink = await startSink();
});
afterAll(() => sink.close());

const spanOf = (index: number) => {
  const span: Partial<OtlpSpan> = { spanId: index.toString(16).padStart(16, '0'), name: 'x'.repeat(SPAN_CHARS) };
  return JSON.stringify(span);
};

test('an outage costs bounded memory, what has no room is counted, and all the rest arrives in the end', async () => {
  const ledger = createLedger();
  const exporter = createExporter({
    url: sink.url,
    key: undefined,
    binding: undefined,
    fetch,
    envelope: ['{"resourceSpans":[{"scopeSpans":[{"spans":[', ']}]}]}'],
    ledger,
  });
  sink.answer = (_, response) => response.destroy();
  exporter.enqueue(spanOf(0), Date.now(), undefined);
  await exporter.flush();
  for (let index = 1; index < SPANS; index++) exporter.enqueue(spanOf(index), Date.now(), undefined);
  await exporter.flush();
  const { pending } = ledger;
  expect(pending * SPAN_CHARS).toBeLessThanOrEqual(MAX_PENDING_CHARS);
  expect(pending * SPAN_CHARS).toBeGreaterThan(MAX_PENDING_CHARS - 2 * SPAN_CHARS);
  expect(ledger).toMatchObject({ produced: SPANS, acknowledged: 0, dropped: { queue_full: SPANS - pending } });

  sink.clear();
  await exporter.flush();
  expect(ledger).toMatchObject({ pending: 0, acknowledged: pending, dropped: { queue_full: SPANS - pending } });
  expect(sink.spans().map(({ spanId }) => Number.parseInt(spanId, 16))).toEqual([...Array(pending).keys()]);
});
