import { type Context, Hono } from 'hono';
import { ATTR_PEER_SERVICE, ATTR_SERVER_ADDRESS } from '../../../../src/wire/names.ts';
import type { TraceFilter, TraceStore } from '../../../store/trace-store.ts';
import type { Catalog } from '../catalog.ts';
import { findTraces } from '../find-traces.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import { findServiceLinks } from '../service-links.ts';
import { type SpanContext, type TraceContext, toTraceContext } from '../span-context.ts';
import { toZipkinSpan } from './zipkin-json.ts';

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 500;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Zipkin's v2 API over our store, for Lens and for Grafana: `<collector>/zipkin`. */
export function createZipkinRoutes({ store, catalog }: { store: TraceStore; catalog: Catalog }): Hono {
  const zipkin = new Hono().basePath('/api/v2');
  zipkin.get('/services', async (c) => c.json(await catalog.services()));
  zipkin.get('/spans', async (c) => {
    const operations = await catalog.operations(c.req.query('serviceName') ?? '');
    return c.json([...new Set(operations.map(({ name }) => name))]);
  });
  zipkin.get('/remoteServices', async (c) => {
    const service = c.req.query('serviceName') ?? '';
    const values = await catalog.values(`remote ${service}`, (span) =>
      span.service === service && span.record.span.kind === 3
        ? (span.attributes[ATTR_PEER_SERVICE] ?? span.attributes[ATTR_SERVER_ADDRESS])
        : undefined,
    );
    return c.json(values.map(String));
  });
  zipkin.get('/autocompleteKeys', (c) => c.json([]));
  zipkin.get('/autocompleteValues', (c) => c.json([]));

  zipkin.get('/trace/:traceId', async (c) => {
    const [trace] = await readTraces(store, [c.req.param('traceId')]);
    return trace ? c.json(trace.spans.map(toZipkinSpan)) : c.text('not found', 404);
  });
  zipkin.get('/traceMany', async (c) => {
    const ids = (c.req.query('traceIds') ?? '').split(',').filter(Boolean);
    const traces = await readTraces(store, ids.slice(0, MAX_LIMIT));
    return c.json(traces.map(({ spans }) => spans.map(toZipkinSpan)));
  });
  zipkin.get('/traces', async (c) => {
    const { filter, matches, limit } = parseQuery(c);
    const match = ({ spans }: TraceContext) => (spans.some(matches) ? true : undefined);
    const found = await findTraces(store, { filter, limit, match });
    return c.json(found.traces.map(({ trace }) => trace.spans.map(toZipkinSpan)));
  });
  zipkin.get('/dependencies', async (c) => {
    const endMs = wholeNumber(c, 'endTs') ?? Date.now();
    const links = await findServiceLinks(store, Math.max(0, endMs - (wholeNumber(c, 'lookback') ?? DAY_MS)), endMs);
    return c.json(links);
  });
  return zipkin;
}

async function readTraces(store: TraceStore, ids: readonly string[]): Promise<TraceContext[]> {
  for (const id of ids)
    if (!/^[0-9a-f]{1,32}$/i.test(id)) throw new InvalidQueryError('A trace id has up to 32 hex digits.');
  const stored = await Promise.all(ids.map((id) => store.trace(id.toLowerCase().padStart(32, '0'))));
  return stored.filter((trace) => trace !== undefined).map(toTraceContext);
}

function parseQuery(c: Context): { filter: TraceFilter; limit: number; matches(span: SpanContext): boolean } {
  const service = c.req.query('serviceName')?.toLowerCase();
  const spanName = c.req.query('spanName');
  const minMs = (wholeNumber(c, 'minDuration') ?? 0) / 1000;
  const maxMs = (wholeNumber(c, 'maxDuration') ?? Number.POSITIVE_INFINITY) / 1000;
  const toMs = wholeNumber(c, 'endTs') ?? Date.now();
  const annotations = parseAnnotations(c.req.query('annotationQuery'));
  return {
    filter: { toMs, fromMs: Math.max(0, toMs - (wholeNumber(c, 'lookback') ?? DAY_MS)), minDurationMs: minMs },
    limit: Math.min(wholeNumber(c, 'limit') || DEFAULT_LIMIT, MAX_LIMIT),
    // Zipkin's tools write service names in lower case, whatever they were.
    matches: (span) =>
      (!service || service === 'all' || span.service.toLowerCase() === service) &&
      (!spanName || spanName === 'all' || span.record.span.name.toLowerCase() === spanName.toLowerCase()) &&
      span.durationMs >= minMs &&
      span.durationMs <= maxMs &&
      annotations.every((condition) => condition(span)),
  };
}

// "error and http.method=GET": a bare word is a tag's key or an event's name.
function parseAnnotations(query: string | undefined): Array<(span: SpanContext) => boolean> {
  const parts = query?.split(' and ').filter((part) => part.trim() !== '') ?? [];
  return parts.map((part) => {
    const equals = part.indexOf('=');
    const key = (equals < 0 ? part : part.slice(0, equals)).trim();
    const value = equals < 0 ? undefined : part.slice(equals + 1).trim();
    return ({ attributes, record: { span } }) => {
      if (value !== undefined) return String(attributes[key] ?? '') === value;
      if (key === 'error' && span.status?.code === 2) return true;
      return attributes[key] !== undefined || (span.events ?? []).some(({ name }) => name === key);
    };
  });
}

function wholeNumber(c: Context, name: string): number | undefined {
  const text = c.req.query(name);
  if (!text) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw new InvalidQueryError(`${name} must be a whole number.`);
  return Number(text);
}
