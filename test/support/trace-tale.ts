import type { TraceSummary } from '../../edge/store/trace-store.ts';
import type {
  EventView,
  Layer,
  ResourceView,
  SpanView,
  TraceView,
  ViewAttributes,
} from '../../edge/trace/trace-view.ts';

/** A span as a scenario tells it: times relative to the trace's start, children inside. */
export interface SpanTale {
  name: string;
  service: string;
  layer: Layer;
  atMs: number;
  ms: number;
  kind?: SpanView['kind'];
  status?: SpanView['status'];
  statusMessage?: string;
  attributes?: ViewAttributes;
  events?: Array<Omit<EventView, 'spanId' | 'service' | 'timeMs'> & { atMs: number }>;
  links?: SpanView['links'];
  trust?: SpanView['trust'];
  orphan?: boolean;
  shiftMs?: number;
  children?: SpanTale[];
}

export interface TraceTale {
  traceId: string;
  startMs: number;
  roots: SpanTale[];
  /** Log records; `span` is the index of the span in depth-first order. */
  events?: Array<{ name: string; atMs: number; span: number; severity?: number; attributes: ViewAttributes }>;
  warnings?: string[];
}

export const TALE_START_MS = Date.UTC(2026, 2, 3, 9, 41, 12, 480);

/** The API's view of a tale. Iterative, since tales may be deep. */
export function tellTrace(tale: TraceTale): TraceView {
  const spans: SpanView[] = [];
  const resources: ResourceView[] = [];
  const resourceOf = new Map<string, number>();
  const stack = tale.roots.map((span) => ({ span, parent: '' })).reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { span, parent } = next;
    const key = `${span.service}\n${span.layer}`;
    let resource = resourceOf.get(key);
    if (resource === undefined) {
      resource = resources.length;
      resourceOf.set(key, resource);
      resources.push({
        service: span.service,
        layer: span.layer,
        trust: span.trust ?? (span.layer === 'browser' ? 'public' : 'trusted'),
        attributes: resourceAttributes(span.service, span.layer),
      });
    }
    const spanId = `b${(spans.length + 1).toString(16).padStart(15, '0')}`;
    const startMs = tale.startMs + span.atMs;
    spans.push({
      spanId,
      parentSpanId: parent || (span.orphan ? 'deadbeefdeadbeef' : ''),
      name: span.name,
      kind: span.kind ?? 'internal',
      service: span.service,
      layer: span.layer,
      startMs,
      durationMs: span.ms,
      shiftMs: span.shiftMs ?? 0,
      stretchMs: 0,
      status: span.status ?? 'unset',
      statusMessage: span.statusMessage ?? '',
      attributes: span.attributes ?? {},
      events: (span.events ?? []).map(({ atMs, ...event }) => ({
        ...event,
        timeMs: tale.startMs + atMs,
        spanId,
        service: span.service,
      })),
      links: span.links ?? [],
      resource,
      scope: span.layer === 'browser' ? 'throughline/browser' : span.layer === 'edge' ? 'throughline/edge' : 'app',
      trust: span.trust ?? (span.layer === 'browser' ? 'public' : 'trusted'),
      orphan: span.orphan ?? false,
    });
    for (const child of [...(span.children ?? [])].reverse()) stack.push({ span: child, parent: spanId });
  }
  const endMs = spans.reduce((end, span) => Math.max(end, span.startMs + span.durationMs), tale.startMs);
  return {
    traceId: tale.traceId,
    root: spans[0]?.spanId ?? '',
    hasRoot: tale.roots[0]?.orphan !== true,
    startMs: tale.startMs,
    durationMs: endMs - tale.startMs,
    spans,
    events: (tale.events ?? []).map((event) => ({
      name: event.name,
      timeMs: tale.startMs + event.atMs,
      spanId: spans[event.span]?.spanId ?? '',
      service: spans[event.span]?.service ?? '',
      severity: event.severity ?? 9,
      body: null,
      attributes: event.attributes,
    })),
    resources,
    warnings: tale.warnings ?? [],
  };
}

/** The row of the list for a view, as a store would keep it. */
export function summarise(view: TraceView): TraceSummary {
  const root = view.spans[0] as SpanView;
  const vitals: TraceSummary['vitals'] = {};
  let errorCount = view.spans.filter((span) => span.status === 'error').length;
  for (const event of view.events) {
    if (event.name === 'exception') errorCount += 1;
    if (event.name !== 'browser.web_vital') continue;
    Object.assign(vitals, {
      [String(event.attributes['browser.web_vital.name'])]: event.attributes['browser.web_vital.value'],
    });
  }
  return {
    traceId: view.traceId,
    name: root.name,
    service: root.service,
    services: [...new Set(view.spans.map((span) => span.service))],
    route: String(root.attributes['url.template'] ?? root.attributes['http.route'] ?? ''),
    activity: String(root.attributes['throughline.activity'] ?? ''),
    browser: root.layer === 'browser' ? 'Chrome 141' : '',
    device: root.layer === 'browser' ? 'desktop' : '',
    country: '',
    release: '2026.3.1',
    startMs: view.startMs,
    durationMs: view.durationMs,
    spanCount: view.spans.length,
    errorCount,
    vitals,
    sessionId: String(root.attributes['session.id'] ?? ''),
    userId: '',
    hasRoot: view.hasRoot,
    isProvisional: false,
    updatedAtMs: view.startMs + view.durationMs,
  };
}

function resourceAttributes(service: string, layer: Layer): ViewAttributes {
  const common = { 'service.name': service, 'service.version': '2026.3.1', 'deployment.environment.name': 'demo' };
  if (layer === 'browser') {
    return {
      ...common,
      'telemetry.sdk.language': 'webjs',
      'telemetry.sdk.name': 'opentelemetry',
      'browser.platform': 'Linux',
      'browser.mobile': false,
      'browser.language': 'en-GB',
      'throughline.trust': 'public',
      'throughline.key.id': service,
      'throughline.clock.offset_ms': -3.2,
    };
  }
  if (layer === 'edge') {
    return {
      ...common,
      'cloud.provider': 'cloudflare',
      'cloud.platform': 'cloudflare.workers',
      'cloudflare.colo': 'FRA',
    };
  }
  return { ...common, 'telemetry.sdk.language': 'nodejs', 'process.runtime.version': '24.21.0' };
}
