import { type Context, Hono } from 'hono';
import { encodeTracesProtobuf } from '../../../otlp/encode-protobuf.ts';
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts';
import type { StoredTrace, TraceStore } from '../../../store/trace-store.ts';
import type { Catalog } from '../catalog.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import { INTRINSICS } from '../traceql/expression.ts';
import { toTempoJson } from './tempo-json.ts';
import { queryInstant, queryRange } from './tempo-metrics.ts';
import { searchTempo } from './tempo-search.ts';
import { tempoTagValues } from './tempo-tag-values.ts';

/** The API level Grafana decides by which requests to send; not a claim to be Tempo. */
const API_VERSION = '2.7.0';
const PROTOBUF = 'application/protobuf';

/** Tempo's HTTP API over our store, for Grafana: set its Tempo data source to `<collector>/tempo`. */
export function createTempoRoutes({ store, catalog }: { store: TraceStore; catalog: Catalog }): Hono {
  const tempo = new Hono();
  tempo.get('/ready', (c) => c.text('ready\n'));
  tempo.get('/api/echo', (c) => c.text('echo\n'));
  tempo.get('/api/status/buildinfo', (c) =>
    c.json({ version: API_VERSION, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  );
  tempo.get('/api/search', async (c) => c.json(await searchTempo(store, (name) => c.req.query(name))));

  tempo.get('/api/traces/:traceId', async (c) => {
    const trace = await readTrace(store, c.req.param('traceId'));
    if (!trace) return c.text('trace not found\n', 404);
    if (wantsProtobuf(c)) return sendProtobuf(c, encodeTracesProtobuf(trace.spans));
    return c.json({ batches: toTempoJson(trace.spans) });
  });
  tempo.get('/api/v2/traces/:traceId', async (c) => {
    const trace = await readTrace(store, c.req.param('traceId'));
    if (!trace) return c.json({ trace: {}, metrics: {} }, 404);
    if (!wantsProtobuf(c)) return c.json({ trace: { resourceSpans: toTempoJson(trace.spans) }, metrics: {} });
    const writer = new ProtobufWriter();
    writer.blob((1 << 3) | 2, encodeTracesProtobuf(trace.spans));
    return sendProtobuf(c, writer.finish());
  });

  const scopes = async (scope: string | undefined) => {
    const names = await catalog.attributeNames();
    const all = [
      { name: 'resource', tags: names.resource },
      { name: 'span', tags: names.span },
      { name: 'intrinsic', tags: INTRINSICS.filter((name) => !name.startsWith('nested')) as string[] },
    ];
    return scope && scope !== 'none' ? all.filter(({ name }) => name === scope) : all;
  };
  tempo.get('/api/v2/search/tags', async (c) => c.json({ scopes: await scopes(c.req.query('scope')) }));
  tempo.get('/api/search/tags', async (c) => {
    const tags = await scopes(c.req.query('scope'));
    return c.json({ tagNames: [...new Set(tags.flatMap(({ tags }) => tags))].sort() });
  });
  tempo.get('/api/v2/search/tag/:tag/values', async (c) =>
    c.json({ tagValues: await tempoTagValues(catalog, c.req.param('tag'), (name) => c.req.query(name)) }),
  );
  tempo.get('/api/search/tag/:tag/values', async (c) => {
    const values = await tempoTagValues(catalog, c.req.param('tag'), (name) => c.req.query(name));
    return c.json({ tagValues: values.map(({ value }) => value) });
  });
  tempo.get('/api/metrics/query_range', async (c) =>
    c.json(await queryRange(store, (name) => c.req.query(name), Date.now())),
  );
  tempo.get('/api/metrics/query', async (c) =>
    c.json(await queryInstant(store, (name) => c.req.query(name), Date.now())),
  );
  tempo.get('/api/metrics/*', (c) =>
    c.json({ error: 'Of Tempo’s metrics, /api/metrics/query_range and /api/metrics/query are answered here.' }, 400),
  );
  return tempo;
}

function wantsProtobuf(c: Context): boolean {
  return (c.req.header('accept') ?? '').includes(PROTOBUF);
}

function sendProtobuf(c: Context, bytes: Uint8Array): Response {
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'content-type': PROTOBUF });
}

// Tools leave out leading zeros, which Tempo allows.
async function readTrace(store: TraceStore, traceId: string): Promise<StoredTrace | undefined> {
  if (!/^[0-9a-f]{1,32}$/i.test(traceId)) throw new InvalidQueryError('A trace id has up to 32 hex digits.');
  return await store.trace(traceId.toLowerCase().padStart(32, '0'));
}
