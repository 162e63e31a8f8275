import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Collector } from './collector/create-collector.ts';
import { readIncoming } from './collector/ingest/read-body.ts';

export { loadAssets } from './cli/file-assets.ts';
export { type Collector, type CollectorOptions, createCollector } from './collector/create-collector.ts';
export { type Forwarder, type ForwarderOptions, startForwarder } from './collector/forward/forwarder.ts';
export { createKeyRing, type IngestKey, InvalidKeysError, type KeyRing, parseKeys } from './collector/key-ring.ts';
export { openSqliteStore, type SqliteStoreOptions } from './store/sqlite/open-sqlite-store.ts';
export { StoreUnavailableError, type TraceStore } from './store/trace-store.ts';

export interface ServeOptions {
  collector: Collector;
  /** 0 picks a free one. Default 4318, OTLP's. */
  port?: number;
  /** Address to bind. Default 127.0.0.1: reachable from this machine only. */
  host?: string;
}

export interface CollectorServer {
  /** `http://host:port`, with the port that was picked. */
  url: string;
  /**
   * Takes no new request, answers those under way (for at most 10 s) and resolves when all connections are closed. The
   * store stays open: close it after that.
   */
  close(): Promise<void>;
}

// A batch takes milliseconds; who needs longer holds a socket on purpose or has lost his network.
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle timeout of common load balancers, or they would reuse a connection we just closed. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_HEADER_BYTES = 16 * 1024;
const DRAIN_TIMEOUT_MS = 10_000;
const DRAIN_CHECK_MS = 50;
const CHECK_INTERVAL_MS = 5_000;

/**
 * Serves a collector on Node.
 * @returns when it listens
 * @throws NodeJS.ErrnoException when it cannot (`EADDRINUSE`, `EACCES`, …)
 */
export async function serveCollector(options: ServeOptions): Promise<CollectorServer> {
  const { collector, port = 4318, host = '127.0.0.1' } = options;
  const listen = getRequestListener(collector.app.fetch, { overrideGlobalObjects: false });
  const serverOptions = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const server = createServer(serverOptions, (incoming, outgoing) => {
    if (!ingest(collector, incoming, outgoing)) void listen(incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${shownHost}:${address.port}`, close: () => drain(server, collector) };
}

/** Answers what goes to an ingest route without making web objects of it; false for all else. */
function ingest(collector: Collector, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  const { method, url = '', headers } = incoming;
  if (method !== 'POST') return false;
  const [path = '', query = ''] = url.split('?', 2);
  const header = (name: string): string | undefined => headers[name]?.toString();
  const replied = collector.ingest(path, {
    method,
    header,
    query: (name) => new URLSearchParams(query).get(name) ?? undefined,
    peer: incoming.socket.remoteAddress,
    readBody: (maxBytes) => readIncoming(incoming, Number(header('content-length') ?? 0), maxBytes),
  });
  void replied?.then((reply) => {
    const length = Buffer.byteLength(reply.body);
    outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': length });
    // Without an empty body the head goes out in one write.
    if (length > 0) outgoing.end(reply.body);
    else outgoing.end();
  });
  return replied !== undefined;
}

async function drain(server: Server, collector: Collector): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  collector.stop();
  // A kept-alive connection that was busy a moment ago is idle when its answer is out, and nobody tells us.
  const idle = setInterval(() => server.closeIdleConnections(), DRAIN_CHECK_MS);
  const overdue = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(overdue);
}
