import {
  ATTR_CLOCK_OFFSET,
  ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER,
  ATTR_SERVICE_NAME,
  ATTR_TRUST,
} from '../../src/wire/names.ts';
import type { OtlpLogRecord, OtlpSpan } from '../../src/wire/otlp.ts';
import { durationMs, unixNanoToMs } from '../../src/wire/time.ts';
import type { LogRecord, ResourceRecord, SpanRecord } from '../otlp/records.ts';
import { type Clock, correctClocks } from './correct-clocks.ts';
import { layerOfResource, layerOfSpan } from './layer.ts';
import { provisionalPageView } from './provisional-page-view.ts';
import { depthFirst, linkSpans } from './span-tree.ts';
import type { EventView, LinkView, ResourceView, SpanView, TraceView } from './trace-view.ts';
import { toViewAttributes, toViewValue } from './view-value.ts';

/** Everything stored of one trace, as a store hands it out. */
export interface TraceRecords {
  traceId: string;
  spans: readonly SpanRecord[];
  logs: readonly LogRecord[];
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUSES = ['unset', 'ok', 'error'] as const;
/** Below this a measured offset is as likely the way of the request as the clock, and is left alone. */
const MIN_OFFSET_MS = 1000;

/**
 * One trace as a tree with layers, corrected clocks and events. Takes any input the codec let through: orphans, circles,
 * double ids and missing roots are shown and named in `warnings`. Linear but for one sort; no recursion over spans.
 */
export function assembleTrace({ traceId, spans: records, logs }: TraceRecords): TraceView {
  const resources = new ResourceTable();
  const { spans, indexOfSpan, duplicates } = toSpanViews(records, resources);
  // Batches with events alone measure the clock as well, so they come before anything is corrected.
  for (const { resource, scope } of logs) resources.indexOf(resource, scope.name);
  resources.settleClocks();
  const pageView = provisionalPageView(spans, logs);
  if (pageView) {
    indexOfSpan.set(pageView.spanId, spans.length);
    spans.push(pageView);
  }
  const tree = linkSpans(spans);
  if (duplicates > 0) tree.warnings.push(`${duplicates} span(s) came with an id that was taken: the first is shown.`);
  const clockOf = (index: number) => resources.clockOf((spans[index] as SpanView).resource);
  correctClocks(spans, tree, depthFirst(spans, tree, noSequence), clockOf);
  const sequenceOf = (index: number) =>
    Number((spans[index] as SpanView).attributes[ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER] ?? 0) || 0;
  const ordered = Array.from(depthFirst(spans, tree, sequenceOf), (index) => spans[index] as SpanView);
  for (const span of ordered) for (const event of span.events) event.timeMs += span.shiftMs;
  const events = logs.map((record) => {
    const span = spans[indexOfSpan.get(record.log.spanId ?? '') ?? -1];
    return toEventView(record, resources, span);
  });
  events.sort((a, b) => a.timeMs - b.timeMs);
  const { startMs, endMs } = bounds(ordered, events);
  return {
    traceId,
    root: spans[tree.root]?.spanId ?? '',
    hasRoot: tree.hasRoot,
    startMs,
    durationMs: endMs - startMs,
    spans: ordered,
    events,
    resources: resources.views,
    warnings: tree.warnings,
  };
}

const noSequence = () => 0;

function toSpanViews(records: readonly SpanRecord[], resources: ResourceTable) {
  const spans: SpanView[] = [];
  const indexOfSpan = new Map<string, number>();
  let duplicates = 0;
  for (const record of records) {
    if (indexOfSpan.has(record.span.spanId)) duplicates += 1;
    else {
      indexOfSpan.set(record.span.spanId, spans.length);
      spans.push(toSpanView(record, resources));
    }
  }
  return { spans, indexOfSpan, duplicates };
}

function toSpanView({ resource: resourceRecord, scope, span }: SpanRecord, resources: ResourceTable): SpanView {
  const resource = resources.indexOf(resourceRecord, scope.name);
  const { service, layer, trust } = resources.views[resource] as ResourceView;
  const attributes = toViewAttributes(span.attributes);
  const kind = span.kind ?? 0;
  const startMs = unixNanoToMs(span.startTimeUnixNano) ?? 0;
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    name: span.name,
    kind: KINDS[kind] ?? 'unspecified',
    service,
    layer: layerOfSpan(kind, attributes, layer),
    startMs,
    durationMs: durationMs(span.startTimeUnixNano, span.endTimeUnixNano),
    shiftMs: 0,
    stretchMs: 0,
    status: STATUSES[span.status?.code ?? 0] ?? 'unset',
    statusMessage: span.status?.message ?? '',
    attributes,
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      timeMs: unixNanoToMs(event.timeUnixNano) || startMs,
      spanId: span.spanId,
      service,
      severity: 0,
      body: null,
      attributes: toViewAttributes(event.attributes),
    })),
    links: (span.links ?? []).map(toLinkView),
    resource,
    scope: scope.name,
    trust,
    orphan: false,
  };
}

function toLinkView(link: NonNullable<OtlpSpan['links']>[number]): LinkView {
  return { traceId: link.traceId, spanId: link.spanId, attributes: toViewAttributes(link.attributes) };
}

function toEventView(
  { resource, scope, log }: LogRecord,
  resources: ResourceTable,
  span: SpanView | undefined,
): EventView {
  const index = resources.indexOf(resource, scope.name);
  const { service } = resources.views[index] as ResourceView;
  // An event moves with its span when both came from one sender, else with its sender's clock.
  const clock = resources.clockOf(index);
  const shiftMs = span && resources.clockOf(span.resource) === clock ? span.shiftMs : clock.offsetMs;
  return {
    name: log.eventName ?? '',
    timeMs: timeOf(log) + shiftMs,
    spanId: log.spanId ?? '',
    service,
    severity: log.severityNumber ?? 0,
    body: toViewValue(log.body),
    attributes: toViewAttributes(log.attributes),
  };
}

function timeOf(log: OtlpLogRecord): number {
  return unixNanoToMs(log.timeUnixNano ?? log.observedTimeUnixNano) ?? 0;
}

function bounds(spans: readonly SpanView[], events: readonly EventView[]): { startMs: number; endMs: number } {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const span of spans) {
    startMs = Math.min(startMs, span.startMs);
    endMs = Math.max(endMs, span.startMs + span.durationMs);
  }
  // A trace of log records alone lasts from the first to the last of them.
  if (spans.length === 0 && events.length > 0) {
    startMs = (events[0] as EventView).timeMs;
    endMs = (events.at(-1) as EventView).timeMs;
  }
  return spans.length + events.length === 0 ? { startMs: 0, endMs: 0 } : { startMs, endMs };
}

/** Each resource once, whatever batch it came with, and the clock its process measures with. */
class ResourceTable {
  readonly views: ResourceView[] = [];
  readonly #clocks: Clock[] = [];
  readonly #byRecord = new Map<ResourceRecord, number>();
  readonly #byContent = new Map<string, number>();
  // All pages of one trace run in one browser, so whatever their resources say they share a clock.
  #browserClock: Clock | undefined;

  indexOf(record: ResourceRecord, scopeName: string): number {
    const known = this.#byRecord.get(record);
    if (known !== undefined) return known;
    const attributes = toViewAttributes(record.attributes);
    const offsetMs = Number(attributes[ATTR_CLOCK_OFFSET] ?? Number.NaN);
    delete attributes[ATTR_CLOCK_OFFSET];
    const layer = layerOfResource(attributes, scopeName);
    const content = JSON.stringify([layer, attributes]);
    let index = this.#byContent.get(content);
    if (index === undefined) {
      index = this.views.length;
      this.#byContent.set(content, index);
      const service = String(attributes[ATTR_SERVICE_NAME] ?? '');
      const trust = attributes[ATTR_TRUST] === 'trusted' ? 'trusted' : 'public';
      this.views.push({ service, layer, trust, attributes });
      this.#clocks.push(layer === 'browser' ? this.#sharedBrowserClock() : { offsetMs: Number.NaN });
    }
    this.#measure(this.#clocks[index] as Clock, offsetMs);
    this.#byRecord.set(record, index);
    return index;
  }

  clockOf(index: number): Clock {
    return this.#clocks[index] as Clock;
  }

  /** To be called when all resources are known: what was not measured, or is too small to tell, becomes 0. */
  settleClocks(): void {
    for (const clock of this.#clocks) if (!(Math.abs(clock.offsetMs) >= MIN_OFFSET_MS)) clock.offsetMs = 0;
  }

  #sharedBrowserClock(): Clock {
    this.#browserClock ??= { offsetMs: Number.NaN };
    return this.#browserClock;
  }

  // Each measure is too large by the way of its request, never too small: the least is the best.
  #measure(clock: Clock, offsetMs: number): void {
    if (Number.isFinite(offsetMs) && !(clock.offsetMs <= offsetMs)) clock.offsetMs = offsetMs;
  }
}
