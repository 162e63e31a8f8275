import { encodeJson } from '../../edge/otlp/encode-json.ts';
import { encodeLogsProtobuf, encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import type { LogRecord, SpanRecord } from '../../edge/otlp/records.ts';
import { pageViews } from '../support/page-views.ts';

export interface Body {
  kind: 'json' | 'traces' | 'logs';
  bytes: Buffer;
  spans: number;
}

/** About 100 spans a request: what a busy page, a worker or an SDK's batch processor sends. */
const VIEWS_PER_BODY = 5;

/** The same page views in either format; in protobuf, log records come in requests of their own, as OTLP has it. */
export function createBodies(format: 'json' | 'protobuf', viewCount: number, seed = 1): Body[] {
  const views = pageViews({ seed, everyMs: 20, fromMs: Date.now() - viewCount * 20 });
  const bodies: Body[] = [];
  for (let n = 0; n < viewCount; n += VIEWS_PER_BODY) {
    const spans: SpanRecord[] = [];
    const logs: LogRecord[] = [];
    for (let i = 0; i < VIEWS_PER_BODY; i += 1) {
      for (const batch of views.next().value.batches) {
        spans.push(...batch.spans);
        logs.push(...batch.logs);
      }
    }
    if (format === 'json') {
      const bytes = Buffer.from(JSON.stringify(encodeJson({ spans, logs })));
      bodies.push({ kind: 'json', bytes, spans: spans.length });
      continue;
    }
    bodies.push({ kind: 'traces', bytes: Buffer.from(encodeTracesProtobuf(spans)), spans: spans.length });
    bodies.push({ kind: 'logs', bytes: Buffer.from(encodeLogsProtobuf(logs)), spans: 0 });
  }
  return bodies;
}
