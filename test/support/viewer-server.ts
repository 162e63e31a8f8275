import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { TraceSummary } from '../../edge/store/trace-store.ts';
import type { TraceView } from '../../edge/trace/trace-view.ts';

const VIEWER = new URL('../../dist/viewer/', import.meta.url).pathname;
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** What the collector sends with the viewer. */
export const VIEWER_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

export interface ViewerServer {
  url: string;
  /** Replace these to change what the API answers. */
  summaries: TraceSummary[];
  views: Map<string, TraceView>;
  /** Requests to /api, newest last. */
  requests: string[];
  /** Answers every API request with this instead, while set. */
  failure: { status: number; body: string } | undefined;
  readToken: string;
  /** What /api/ledger answers. */
  losses: unknown;
  /** Tells every live listener that the store changed. */
  announce(): void;
  close(): Promise<void>;
}

/**
 * The built viewer over canned answers of the query API: for what a real collector cannot be brought to answer, such as
 * hostile fields it would have refused, and for traces of any size without storing them.
 */
export async function startViewerServer({ csp = true }: { csp?: boolean } = {}): Promise<ViewerServer> {
  const live = new Set<ServerResponse>();
  const state: ViewerServer = {
    url: '',
    summaries: [],
    views: new Map(),
    requests: [],
    failure: undefined,
    readToken: '',
    losses: { agents: {}, keys: [] },
    announce() {
      for (const response of live) response.write('event: changed\ndata: {"version":1}\n\n');
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://viewer');
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (url.pathname.startsWith('/api/')) {
      state.requests.push(url.pathname + url.search);
      if (state.readToken && request.headers.authorization !== `Bearer ${state.readToken}`) {
        return json(401, { error: 'A read token is needed.' });
      }
      if (url.pathname === '/api/live') {
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
        response.write(': hello\n\n');
        live.add(response);
        response.on('close', () => live.delete(response));
        return;
      }
      if (state.failure) return json(state.failure.status, state.failure.body);
      if (url.pathname === '/api/ledger') return json(200, state.losses);
      const traceId = /^\/api\/traces\/(.+)$/.exec(url.pathname)?.[1];
      if (traceId === undefined) return json(200, search(state.summaries, url.searchParams));
      const view = state.views.get(decodeURIComponent(traceId));
      if (!view) return json(404, { error: 'No trace has this id.' });
      return json(200, url.searchParams.get('format') === 'otlp' ? { resourceSpans: [], resourceLogs: [] } : view);
    }
    const file = url.pathname.startsWith('/assets/') ? url.pathname : '/index.html';
    try {
      const body = readFileSync(join(VIEWER, file));
      const headers: Record<string, string> = { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' };
      if (csp) headers['Content-Security-Policy'] = VIEWER_CSP;
      response.writeHead(200, { ...headers, 'X-Content-Type-Options': 'nosniff' });
      response.end(body);
    } catch {
      response.writeHead(404).end(); // expected: an address that is no file of the build
    }
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

function search(summaries: readonly TraceSummary[], query: URLSearchParams) {
  const text = (name: string) => query.get(name) ?? '';
  const rows = summaries
    .filter((row) => !text('service') || row.services.includes(text('service')))
    .filter((row) => row.name.toLowerCase().includes(text('name').toLowerCase()))
    .filter((row) => !text('activity') || row.activity === text('activity'))
    .filter((row) => !text('route') || row.route === text('route'))
    .filter((row) => !text('browser') || `${row.browser} `.startsWith(`${text('browser')} `))
    .filter((row) => !text('country') || row.country === text('country'))
    .filter((row) => !text('release') || row.release === text('release'))
    .filter((row) => !text('sessionId') || row.sessionId === text('sessionId'))
    .filter((row) => row.durationMs >= Number(text('minDurationMs')))
    .filter((row) => text('error') !== 'true' || row.errorCount > 0)
    .filter((row) => row.updatedAtMs > Number(text('updatedAfterMs')))
    .sort((a, b) => b.startMs - a.startMs);
  const from = Number(text('cursor'));
  const limit = Number(text('limit') || 50);
  const nextCursor = rows.length > from + limit ? { nextCursor: String(from + limit) } : {};
  return { traces: rows.slice(from, from + limit), ...nextCursor };
}
