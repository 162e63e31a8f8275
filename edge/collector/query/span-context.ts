import { ATTR_SERVICE_NAME } from '../../../src/wire/names.ts';
import { durationMs } from '../../../src/wire/time.ts';
import type { ResourceRecord, SpanRecord } from '../../otlp/records.ts';
import { compareUnixNano } from '../../otlp/unix-nano.ts';
import type { StoredTrace } from '../../store/trace-store.ts';
import type { ViewAttributes } from '../../trace/trace-view.ts';
import { toViewAttributes } from '../../trace/view-value.ts';

/** A stored span with what questions about it need, as the sender's clock had it. */
export interface SpanContext {
  record: SpanRecord;
  service: string;
  durationMs: number;
  attributes: ViewAttributes;
  resource: ViewAttributes;
  trace: TraceContext;
}

export interface TraceContext {
  traceId: string;
  spans: SpanContext[];
  /** The span without a parent that starts first, else the one that starts first. */
  root: SpanContext | undefined;
  startTimeUnixNano: string;
  durationMs: number;
}

/** A stored trace prepared for matching and for other tools' formats. Linear; attributes of shared resources once. */
export function toTraceContext({ traceId, spans: records }: StoredTrace): TraceContext {
  const resources = new Map<ResourceRecord, ViewAttributes>();
  const trace: TraceContext = { traceId, spans: [], root: undefined, startTimeUnixNano: '0', durationMs: 0 };
  let end = '0';
  for (const record of records) {
    const { span } = record;
    const resource = resources.get(record.resource) ?? toViewAttributes(record.resource.attributes);
    resources.set(record.resource, resource);
    const context: SpanContext = {
      record,
      service: String(resource[ATTR_SERVICE_NAME] ?? ''),
      durationMs: durationMs(span.startTimeUnixNano, span.endTimeUnixNano),
      attributes: toViewAttributes(span.attributes),
      resource,
      trace,
    };
    trace.spans.push(context);
    if (isBetterRoot(context, trace.root)) trace.root = context;
    if (compareUnixNano(span.endTimeUnixNano, end) > 0) end = span.endTimeUnixNano;
    if (trace.spans.length === 1 || compareUnixNano(span.startTimeUnixNano, trace.startTimeUnixNano) < 0)
      trace.startTimeUnixNano = span.startTimeUnixNano;
  }
  if (trace.spans.length > 0) trace.durationMs = durationMs(trace.startTimeUnixNano, end);
  return trace;
}

function isBetterRoot({ record }: SpanContext, root: SpanContext | undefined): boolean {
  if (!root) return true;
  const hasParent = Boolean(record.span.parentSpanId);
  if (hasParent !== Boolean(root.record.span.parentSpanId)) return !hasParent;
  return compareUnixNano(record.span.startTimeUnixNano, root.record.span.startTimeUnixNano) < 0;
}
