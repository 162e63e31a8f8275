import { randomHex } from '../../src/wire/ids.ts';
import { msToUnixNano } from '../../src/wire/time.ts';
import type { MadeRecord } from './ground-truth.ts';
import { PAGE_KEY, type RunningCollector } from './running-collector.ts';

const SPANS_A_BATCH = 20;

/** Spans as a page sends them, without a page. */
export interface SpanBatch {
  id: string;
  made: MadeRecord[];
  body: string;
}

export function newBatch(): SpanBatch {
  const traceId = randomHex(16);
  const now = Date.now();
  const spans = Array.from({ length: SPANS_A_BATCH }, (_, index) => ({
    traceId,
    spanId: randomHex(8),
    name: `work ${index}`,
    kind: 1,
    startTimeUnixNano: msToUnixNano(now - 5),
    endTimeUnixNano: msToUnixNano(now),
    attributes: [{ key: 'fill', value: { stringValue: 'x'.repeat(100) } }],
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop-web' } }] };
  const body = JSON.stringify({ sentAt: now, resourceSpans: [{ resource, scopeSpans: [{ scope: {}, spans }] }] });
  return {
    id: randomHex(8),
    made: spans.map(({ spanId }) => ({ traceId, id: spanId, kind: 'span', atMs: now })),
    body,
  };
}

/** Resolves to the status of the answer. @throws when there is none */
export async function sendBatch(collector: RunningCollector, { id, body }: SpanBatch): Promise<number> {
  const response = await fetch(`${collector.url}/otlp?k=${PAGE_KEY}&b=${id}`, { method: 'POST', body });
  await response.text();
  return response.status;
}
