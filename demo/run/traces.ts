import { setTimeout as pause } from 'node:timers/promises';

/** What the demo reads of the collector's query API; a trace has more. */
export interface Span {
  spanId: string;
  /** '' on a root. */
  parentSpanId: string;
  name: string;
  kind: string;
  service: string;
  layer: 'browser' | 'edge' | 'backend' | 'queue';
  startMs: number;
  durationMs: number;
  attributes: Record<string, unknown>;
  links: Array<{ traceId: string; spanId: string }>;
  orphan: boolean;
}

export interface TraceEvent {
  name: string;
  timeMs: number;
  spanId: string;
  attributes: Record<string, unknown>;
}

export interface Trace {
  traceId: string;
  root: string;
  hasRoot: boolean;
  startMs: number;
  durationMs: number;
  /** Depth-first, parents before children. */
  spans: Span[];
  events: TraceEvent[];
}

/** Something a set of traces must show before it counts as complete. */
export interface Expectation {
  what: string;
  met(traces: Trace[]): boolean;
}

const POLL_MS = 250;
/** A set that has not changed for this long, with every expectation met, is complete. */
const QUIET_MS = 1_000;

/**
 * What visitors did since `fromMs`, oldest first: every trace with a span of the page, and the traces of queue consumers
 * that link to one of them.
 */
export async function readTraces(collector: string, fromMs: number): Promise<Trace[]> {
  const read = async (service: string): Promise<Trace[]> => {
    const search = new URLSearchParams({ service, fromMs: String(fromMs), limit: '100' });
    const { traces } = await getJson<{ traces: Array<{ traceId: string }> }>(`${collector}/api/traces?${search}`);
    return Promise.all(traces.map(({ traceId }) => getJson<Trace>(`${collector}/api/traces/${traceId}`)));
  };
  const [visits, served] = await Promise.all([read('shop-web'), read('shop-edge')]);
  const ids = new Set(visits.map(({ traceId }) => traceId));
  const consumed = served.filter((trace) => !ids.has(trace.traceId) && linksOf(trace).some((id) => ids.has(id)));
  return [...visits, ...consumed].sort((a, b) => a.startMs - b.startMs);
}

function linksOf(trace: Trace): string[] {
  return trace.spans.flatMap(({ links }) => links.map(({ traceId }) => traceId));
}

/**
 * Polls until everything expected is there, every parent has come and nothing changes any more.
 * @throws Error that lists what is missing after `timeoutMs`
 */
export async function completeTraces(
  read: () => Promise<Trace[]>,
  options: { expectations: Expectation[]; timeoutMs: number },
): Promise<Trace[]> {
  const deadlineMs = performance.now() + options.timeoutMs;
  let seen = '';
  let quietSinceMs = performance.now();
  for (;;) {
    const traces = await read();
    const state = traces.map(({ traceId, spans, events }) => `${traceId} ${spans.length} ${events.length}`).join();
    const nowMs = performance.now();
    if (state !== seen) quietSinceMs = nowMs;
    seen = state;
    const missing = [...options.expectations, NO_ORPHANS].filter(({ met }) => !met(traces)).map(({ what }) => what);
    if (missing.length === 0 && nowMs - quietSinceMs >= QUIET_MS) return traces;
    if (nowMs > deadlineMs) {
      const reason = missing.length > 0 ? `missing: ${missing.join('; ')}` : 'they keep changing';
      const names = traces.map(({ traceId, spans }) => `  ${traceId} ${spans[0]?.name} (${spans.length} spans)`);
      throw new Error(
        [`The traces did not get complete in ${options.timeoutMs / 1000} s – ${reason}.`, ...names].join('\n'),
      );
    }
    await pause(POLL_MS);
  }
}

const NO_ORPHANS: Expectation = {
  what: 'a root for every trace and a parent for every span',
  met: (traces) => traces.every(({ hasRoot, spans }) => hasRoot && spans.every(({ orphan }) => !orphan)),
};

async function getJson<Answer>(url: string): Promise<Answer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
