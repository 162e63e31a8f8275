import { Hono } from 'hono';
import { encodeJson } from '../../otlp/encode-json.ts';
import { searchText } from '../../store/page-text.ts';
import { InvalidFilterError } from '../../store/search.ts';
import type { TraceStore } from '../../store/trace-store.ts';
import { assembleTrace } from '../../trace/assemble-trace.ts';
import type { IngestCounters } from '../counters.ts';
import { InvalidQueryError } from './invalid-query.ts';
import type { LiveFeed } from './live-feed.ts';
import { OPEN_API } from './open-api.ts';
import { parseSessionFilter, parseStatisticsQuery, parseTraceFilter } from './trace-filter.ts';

const TRACE_ID = /^[0-9a-f]{32}$/;

/** Our own query API, for the viewer and for scripts. */
export function createApiRoutes(options: { store: TraceStore; counters: IngestCounters; live: LiveFeed }): Hono {
  const { store, counters, live } = options;
  const api = new Hono();

  api.get('/traces', async (c) => {
    const filter = parseTraceFilter((name) => c.req.query(name), c.req.queries('attribute'));
    return c.body(await searchText(store, filter), 200, { 'content-type': 'application/json' });
  });

  api.get('/traces/:traceId', async (c) => {
    const traceId = c.req.param('traceId').toLowerCase();
    if (!TRACE_ID.test(traceId)) throw new InvalidQueryError('A trace id has 32 hex digits.');
    const format = c.req.query('format');
    if (format && format !== 'otlp') throw new InvalidQueryError('format must be otlp, or absent.');
    const stored = await store.trace(traceId);
    if (!stored) return c.json({ error: 'No trace with this id is stored (any more).' }, 404);
    if (format !== 'otlp') return c.json(assembleTrace(stored));
    return c.json(encodeJson(stored), 200, { 'content-disposition': `attachment; filename="trace-${traceId}.json"` });
  });

  api.get('/sessions', async (c) => {
    const sessions = await store.sessions(parseSessionFilter((name) => c.req.query(name)));
    return c.json({ sessions });
  });
  api.get('/statistics', async (c) => {
    const rows = await store.statistics(parseStatisticsQuery((name) => c.req.query(name), Date.now()));
    return c.json({ rows });
  });

  // Whose data it is may ask for it to be gone; what only counts people stays.
  api.delete('/sessions/:sessionId', async (c) => {
    const removed = await store.remove({ sessionId: c.req.param('sessionId') });
    live.changed();
    return c.json(removed);
  });
  api.delete('/users/:userId', async (c) => {
    const removed = await store.remove({ userId: c.req.param('userId') });
    live.changed();
    return c.json(removed);
  });

  api.get('/openapi.json', (c) => c.json(OPEN_API));
  api.get('/stats', async (c) => c.json({ ...(await store.stats()), ingest: counters }));

  api.get('/live', (c) => {
    const stream = live.open();
    if (!stream) return c.json({ error: 'Too many live views are open: close some.' }, 503, { 'retry-after': '5' });
    return c.body(stream, 200, { 'content-type': 'text/event-stream' });
  });

  api.notFound((c) => c.json({ error: 'No such address in the API.' }, 404));
  api.onError((error, c) => {
    if (error instanceof InvalidQueryError || error instanceof InvalidFilterError)
      return c.json({ error: error.message }, 400);
    throw error;
  });
  return api;
}
