import { Hono } from 'hono';
import { INGEST_PATH } from '../../src/wire/ingest.ts';
import { takesPacked } from '../store/packing/packed-batch.ts';
import { NO_FILTER } from '../store/packing/text-filter.ts';
import type { TraceStore } from '../store/trace-store.ts';
import { createCounters, type IngestCounters } from './counters.ts';
import type { Forwarder } from './forward/forwarder.ts';
import type { IngestContext } from './ingest/accept.ts';
import { clientOf } from './ingest/client-address.ts';
import type { Signal } from './ingest/export-answer.ts';
import type { IngestHandler, IngestReply, IngestRequest, PlainRequest } from './ingest/ingest-request.ts';
import { handleOtlp, handleOtlpPreflight } from './ingest/otlp-route.ts';
import { createPackRequest } from './ingest/pack-request.ts';
import { handlePage, handlePagePreflight } from './ingest/page-route.ts';
import { createRateLimiter, DEFAULT_RATE_LIMITS, type RateLimits } from './ingest/rate-limiter.ts';
import { readCountry } from './ingest/read-country.ts';
import { createScrubber } from './ingest/scrub-records.ts';
import { type RequestOrigin, serveIngest } from './ingest/serve-ingest.ts';
import type { KeyRing } from './key-ring.ts';
import type { LedgerReads, LedgerWrites } from './ledger/ledger-access.ts';
import { createLossLedger } from './ledger/loss-ledger.ts';
import { createApiRoutes } from './query/api-routes.ts';
import { type Assets, sendPinnedScript, sendScript, sendViewer, sendViewerFile } from './query/assets.ts';
import { createLedgerRoutes } from './query/ledger-routes.ts';
import { createLiveFeed, type LiveFeed } from './query/live-feed.ts';
import { formatMetrics } from './query/metrics-text.ts';
import { createReadGuard } from './query/read-guard.ts';
import { createToolRoutes, TOOL_PATHS } from './query/tool-routes.ts';

export interface CollectorOptions {
  store: TraceStore;
  keys: KeyRing;
  /** The built script and viewer. Default: none are served. */
  assets?: Assets;
  /**
   * Whether `/v1/*` takes requests without a key, as trusted. Only for collectors nobody but this machine can reach.
   * Default false.
   */
  acceptLocal?: boolean;
  /** Whoever sends it may read. Default: reading is for this machine only. */
  readToken?: string;
  /** What public senders may use up, in place of the defaults. */
  limits?: Partial<RateLimits>;
  /**
   * Whether a proxy in front of the collector names the client last in `X-Forwarded-For`; anybody can write that header, so
   * only with such a proxy. Default false: the client is who connects.
   */
  behindProxy?: boolean;
  /**
   * Where a request came from, for the rate limits of networks. Default: who connects, or with `behindProxy` whom the proxy
   * names.
   */
  clientAddress?: (request: Request) => string | undefined;
  /** Tells open viewers of changes. Default: those this process makes. */
  live?: LiveFeed;
  /** Whether secrets and personal data are taken out of what comes in. Default true. */
  scrub?: boolean;
  /** Sends on what is stored; see `startForwarder`. Default: nothing is. */
  forwarder?: Forwarder;
  /** Counts what came in and what agents say they made. Default: one that begins with the process. */
  ledger?: LedgerReads & LedgerWrites;
  /** Told of faults of the collector itself, in one sentence for its operator. Default: nobody. */
  report?: (message: string) => void;
}

export interface Collector {
  /** The Hono app: mount it, or give its `fetch` to a server. */
  app: Hono;
  counters: IngestCounters;
  ledger: LedgerReads & LedgerWrites;
  /**
   * Answers a `POST` to a path as the app would, for servers that have something cheaper than web requests; `undefined`
   * where the app itself has to be asked.
   */
  ingest(path: string, request: PlainRequest): Promise<IngestReply> | undefined;
  /** To be called when the store changed by other means than ingest, so that open viewers look again. */
  storeChanged(): void;
  /** Answers ingest with 503 and ends live streams, so that a server can drain. The store stays open. */
  stop(): void;
}

const FAULT = 'The collector failed at this request; its log says more.';

/**
 * The collector: ingest, queries and viewer as one Hono app over a store.
 * @example
 * const collector = createCollector({ store: await openSqliteStore({ directory: 'data' }), keys: createKeyRing([]) });
 */
export function createCollector(options: CollectorOptions): Collector {
  const { store, keys, assets = () => undefined, report = () => undefined, behindProxy = false } = options;
  const { ledger = createLossLedger() } = options;
  const counters = createCounters();
  if (options.forwarder) counters.forward = options.forwarder.counts;
  const live = options.live ?? createLiveFeed(async () => (await store.stats()).version);
  const { clientAddress } = options;
  const tell = (request: string, error: Error): void => report(`${request}: ${error.stack ?? error.message}`);
  let isStopping = false;
  const app = new Hono();

  const { forwarder } = options;
  const filter = options.scrub === false ? NO_FILTER : createScrubber(counters.scrubbed);
  const context: IngestContext = {
    store,
    counters,
    ledger,
    report,
    now: Date.now,
    onStored: live.changed,
    forward: forwarder && ((batch) => forwarder.forward(batch)),
    filter,
    pack: takesPacked(store) ? createPackRequest(options.scrub === false ? undefined : counters.scrubbed) : undefined,
    limiter: createRateLimiter({ ...DEFAULT_RATE_LIMITS, ...options.limits }, Date.now),
  };
  const origin: RequestOrigin = {
    addressOf: (c) =>
      clientAddress
        ? clientAddress(c.req.raw)
        : clientOf((name) => c.req.header(name), behindProxy, c.env?.incoming?.socket?.remoteAddress),
    countryOf: (c) => readCountry((name) => c.req.header(name), behindProxy, countryOfPlatform(c.req.raw)),
  };
  // Behind a proxy every request comes from this machine, so that proves nothing.
  const otlpOptions = { keys, acceptLocal: (options.acceptLocal ?? false) && !behindProxy };
  app.use(async (c, next) => {
    if (!isStopping || c.req.method !== 'POST') return next();
    // Senders keep what is answered with 503 and try again, then at the next process.
    return c.json({ error: 'The collector is stopping: try again.' }, 503, {
      'retry-after': '2',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'Retry-After',
      connection: 'close',
    });
  });
  const ingest = new Map<string, IngestHandler>();
  const fromPage: IngestHandler = (request) => handlePage(request, context, keys);
  ingest.set(INGEST_PATH, fromPage);
  app.post(INGEST_PATH, (c) => serveIngest(c, fromPage, origin));
  app.options(INGEST_PATH, handlePagePreflight);
  for (const signal of ['traces', 'logs', 'metrics'] satisfies Signal[]) {
    const fromSdk: IngestHandler = (request) => handleOtlp(request, signal, context, otlpOptions);
    ingest.set(`/v1/${signal}`, fromSdk);
    app.options(`/v1/${signal}`, handleOtlpPreflight);
    app.all(`/v1/${signal}`, (c) => serveIngest(c, fromSdk, origin));
  }
  app.all(INGEST_PATH, (c) =>
    c.json({ error: 'Pages send their batches with POST.' }, 405, { allow: 'POST, OPTIONS' }),
  );

  app.get('/healthz', (c) => c.json({ status: isStopping ? 'stopping' : 'ok' }, isStopping ? 503 : 200));
  app.get('/throughline.js', (c) => sendScript(c, assets));
  app.get('/:script{throughline-[\\w-]+\\.js}', (c) => sendPinnedScript(c, assets));
  const guard = createReadGuard({ readToken: options.readToken, behindProxy });
  app.use('/api/*', guard);
  app.route('/api/ledger', createLedgerRoutes(ledger));
  app.route('/api', createApiRoutes({ store, counters, live }));
  app.use('/metrics', guard);
  app.get('/metrics', async (c) => c.text(await formatMetrics(ledger, await store.stats())));
  for (const path of TOOL_PATHS) app.use(`${path}/*`, guard);
  app.route('/', createToolRoutes(store));
  app.get('/assets/:file', (c) => sendViewerFile(c, assets));
  app.get('/', (c) => sendViewer(c, assets));
  app.get('/traces/:traceId', (c) => sendViewer(c, assets));

  app.notFound((c) => c.json({ error: 'Nothing is here.' }, 404));
  app.onError((error, c) => {
    tell(`${c.req.method} ${c.req.path}`, error);
    return c.json({ error: FAULT }, 500);
  });

  return {
    app,
    counters,
    ledger,
    storeChanged: live.changed,
    ingest(path, request) {
      const handle = ingest.get(path);
      // The app says that it is stopping, and has the request `clientAddress` is asked about.
      if (!handle || isStopping || clientAddress) return undefined;
      const known: IngestRequest = {
        ...request,
        address: () => clientOf(request.header, behindProxy, request.peer),
        country: () => readCountry(request.header, behindProxy),
      };
      return handle(known).catch((error: Error) => {
        tell(`${request.method} ${path}`, error);
        const headers = { 'content-type': 'application/json' };
        return { status: 500, headers, body: JSON.stringify({ error: FAULT }) };
      });
    },
    stop() {
      isStopping = true;
      live.close();
    },
  };
}

/** What Cloudflare says of a request. */
function countryOfPlatform(request: Request): unknown {
  return (request as { cf?: { country?: unknown } }).cf?.country;
}
