import { type Context, Hono } from 'hono';
import type { TraceStore } from '../../../store/trace-store.ts';
import type { Catalog } from '../catalog.ts';
import { findTraces } from '../find-traces.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import { findServiceLinks } from '../service-links.ts';
import { type TraceContext, toTraceContext } from '../span-context.ts';
import { toJaegerTrace } from './jaeger-json.ts';
import { type JaegerQuery, toJaegerQuery } from './jaeger-query.ts';
import { toJaegerResourceSpans, toJaegerSummary } from './jaeger-v3-json.ts';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

interface Options {
  store: TraceStore;
  catalog: Catalog;
}

/** Jaeger's HTTP API over our store: `<collector>/jaeger` is the address for its UI and for Grafana. */
export function createJaegerRoutes(options: Options): Hono {
  const jaeger = new Hono();
  addV3Routes(jaeger, options);
  addOldRoutes(jaeger, options);
  return jaeger;
}

// The gateway takes snake_case and camelCase; Jaeger's UI and Grafana differ, and both changed names over time.
function v3Parameter(c: Context, ...names: string[]): string | undefined {
  for (const name of names) {
    const camelCase = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const value = c.req.query(name) ?? c.req.query(camelCase);
    if (value) return value;
  }
  return undefined;
}

function v3Query(c: Context): JaegerQuery {
  return toJaegerQuery({
    service: v3Parameter(c, 'query.service_name'),
    operation: v3Parameter(c, 'query.span_name', 'query.operation_name'),
    tags: v3Parameter(c, 'query.attributes'),
    minDuration: v3Parameter(c, 'query.duration_min'),
    maxDuration: v3Parameter(c, 'query.duration_max'),
    limit: v3Parameter(c, 'query.num_traces', 'query.search_depth'),
    fromMs: parseTime(v3Parameter(c, 'query.start_time_min')),
    toMs: parseTime(v3Parameter(c, 'query.start_time_max')),
  });
}

// Grafana does not encode the plus of a time zone, so it arrives as a space.
function parseTime(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const ms = Date.parse(text.replace(' ', '+'));
  if (Number.isNaN(ms)) throw new InvalidQueryError('Times must be RFC 3339, such as 2026-01-31T12:00:00Z.');
  return ms;
}

async function search(store: TraceStore, { filter, limit, matches }: JaegerQuery): Promise<TraceContext[]> {
  const match = ({ spans }: TraceContext) => (spans.some(matches) ? true : undefined);
  const found = await findTraces(store, { filter, limit, match });
  return found.traces.map(({ trace }) => trace);
}

async function readTrace(store: TraceStore, traceId: string): Promise<TraceContext | undefined> {
  if (!/^[0-9a-f]{1,32}$/i.test(traceId)) throw new InvalidQueryError('A trace id has up to 32 hex digits.');
  const stored = await store.trace(traceId.toLowerCase().padStart(32, '0'));
  return stored && toTraceContext(stored);
}

function addV3Routes(jaeger: Hono, { store, catalog }: Options): void {
  jaeger.get('/api/v3/services', async (c) => c.json({ services: await catalog.services() }));
  jaeger.get('/api/v3/operations', async (c) => {
    const operations = await catalog.operations(c.req.query('service') ?? '');
    const wanted = v3Parameter(c, 'span_kind');
    const all = operations.map(({ name, kind }) => ({ name, spanKind: KINDS[kind] ?? '' }));
    return c.json({ operations: wanted ? all.filter(({ spanKind }) => spanKind === wanted) : all });
  });
  jaeger.get('/api/v3/trace-summaries', async (c) =>
    c.json({ summaries: (await search(store, v3Query(c))).map(toJaegerSummary) }),
  );
  jaeger.get('/api/v3/traces', async (c) => {
    const traces = await search(store, v3Query(c));
    const spans = traces.flatMap((trace) => trace.spans.map(({ record }) => record));
    return c.json({ result: { resourceSpans: toJaegerResourceSpans(spans) } });
  });
  jaeger.get('/api/v3/traces/:traceId', async (c) => {
    const trace = await readTrace(store, c.req.param('traceId'));
    if (!trace) return c.json({ error: { httpCode: 404, message: 'trace not found' } }, 404);
    return c.json({ result: { resourceSpans: toJaegerResourceSpans(trace.spans.map(({ record }) => record)) } });
  });
}

function answer(c: Context, data: readonly unknown[]): Response {
  return c.json({ data, total: data.length, limit: 0, offset: 0, errors: null });
}

function addOldRoutes(jaeger: Hono, { store, catalog }: Options): void {
  jaeger.get('/api/services', async (c) => answer(c, await catalog.services()));
  jaeger.get('/api/services/:service/operations', async (c) => {
    const operations = await catalog.operations(c.req.param('service'));
    return answer(c, [...new Set(operations.map(({ name }) => name))]);
  });
  jaeger.get('/api/operations', async (c) => {
    const wanted = c.req.query('spanKind');
    const all = (await catalog.operations(c.req.query('service') ?? '')).map(({ name, kind }) => ({
      name,
      spanKind: KINDS[kind] ?? '',
    }));
    return answer(c, wanted ? all.filter(({ spanKind }) => spanKind === wanted) : all);
  });
  jaeger.get('/api/traces', async (c) => {
    const ids = c.req.queries('traceID');
    if (ids?.length) {
      const traces = await Promise.all(ids.slice(0, 100).map((id) => readTrace(store, id)));
      return answer(c, traces.filter((trace) => trace !== undefined).map(toJaegerTrace));
    }
    const query = toJaegerQuery({
      service: c.req.query('service'),
      operation: c.req.query('operation'),
      tags: c.req.query('tags'),
      minDuration: c.req.query('minDuration'),
      maxDuration: c.req.query('maxDuration'),
      limit: c.req.query('limit'),
      fromMs: parseMicros('start', c.req.query('start')),
      toMs: parseMicros('end', c.req.query('end')),
    });
    return answer(c, (await search(store, query)).map(toJaegerTrace));
  });
  jaeger.get('/api/traces/:traceId', async (c) => {
    const trace = await readTrace(store, c.req.param('traceId'));
    if (trace) return answer(c, [toJaegerTrace(trace)]);
    return c.json({ data: null, total: 0, limit: 0, offset: 0, errors: [{ code: 404, msg: 'trace not found' }] }, 404);
  });
  jaeger.get('/api/dependencies', async (c) => {
    const endMs = parseMillis('endTs', c.req.query('endTs')) ?? Date.now();
    const lookbackMs = parseMillis('lookback', c.req.query('lookback')) ?? WEEK_MS;
    const links = await findServiceLinks(store, Math.max(0, endMs - lookbackMs), endMs);
    return answer(
      c,
      links.map(({ parent, child, callCount }) => ({ parent, child, callCount })),
    );
  });
}

function parseMicros(name: string, text: string | undefined): number | undefined {
  const micros = parseMillis(name, text);
  return micros === undefined ? undefined : micros / 1000;
}

function parseMillis(name: string, text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new InvalidQueryError(`${name} must be a whole number.`);
  return Number(text);
}
