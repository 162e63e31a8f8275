import { decodeJson } from '../../otlp/decode-json.ts';
import type { DecodedRequest } from '../../otlp/decoded-request.ts';
import type { LogRecord, SpanRecord } from '../../otlp/records.ts';
import { assembleTrace } from '../../trace/assemble-trace.ts';
import type { TraceView } from '../../trace/trace-view.ts';

export interface TraceFile {
  /** Newest first. */
  views: TraceView[];
  /** Records that were not fit to show, or belong to no trace. */
  skipped: number;
}

/**
 * Reads OTLP/JSON as this viewer saves it, as an exporter sends it, or one request a line as the OpenTelemetry Collector
 * writes files.
 * @throws {MalformedBodyError} with a sentence for the reader when it is none of these
 */
export function readTraceFile(content: string): TraceFile {
  const traces = new Map<string, { traceId: string; spans: SpanRecord[]; logs: LogRecord[] }>();
  const traceOf = (traceId: string) => {
    let trace = traces.get(traceId);
    if (!trace) {
      trace = { traceId, spans: [], logs: [] };
      traces.set(traceId, trace);
    }
    return trace;
  };
  let skipped = 0;
  for (const request of readRequests(content)) {
    skipped += request.rejectedSpans + request.rejectedLogs;
    for (const record of request.spans) traceOf(record.span.traceId).spans.push(record);
    for (const record of request.logs) {
      if (record.log.traceId) traceOf(record.log.traceId).logs.push(record);
      else skipped += 1;
    }
  }
  const views = [...traces.values()].filter(({ spans }) => spans.length > 0).map(assembleTrace);
  return { views: views.sort((a, b) => b.startMs - a.startMs), skipped };
}

function readRequests(content: string): DecodedRequest[] {
  const text = content.replace(/^\ufeff/, '').trim();
  const lines = text.split('\n');
  // A first line that is a whole object by itself: one request a line.
  const isLines = lines.length > 1 && isWholeObject(lines[0] as string);
  return isLines ? lines.filter((line) => line.trim() !== '').map((line) => decodeJson(line)) : [decodeJson(text)];
}

function isWholeObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false; // expected: the first line of indented JSON
  }
}
