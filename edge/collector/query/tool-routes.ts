import { Hono } from 'hono';
import { InvalidFilterError } from '../../store/search.ts';
import type { TraceStore } from '../../store/trace-store.ts';
import { createCatalog } from './catalog.ts';
import { InvalidQueryError } from './invalid-query.ts';
import { createJaegerRoutes } from './jaeger/jaeger-routes.ts';
import { createTempoRoutes } from './tempo/tempo-routes.ts';
import { createZipkinRoutes } from './zipkin/zipkin-routes.ts';

/** The read APIs of the tools people already have, each under its own name. */
export const TOOL_PATHS = ['/tempo', '/jaeger', '/zipkin'] as const;

export function createToolRoutes(store: TraceStore): Hono {
  const catalog = createCatalog(store);
  const tools = new Hono();
  tools.route('/tempo', createTempoRoutes({ store, catalog }));
  tools.route('/jaeger', createJaegerRoutes({ store, catalog }));
  tools.route('/zipkin', createZipkinRoutes({ store, catalog }));
  tools.onError((error, c) => {
    if (!(error instanceof InvalidQueryError || error instanceof InvalidFilterError)) throw error;
    // Jaeger's UI reads `errors`; the others show the text.
    return c.json({ error: error.message, errors: [{ code: 400, msg: error.message }] }, 400);
  });
  return tools;
}
