import type { LogRecord, ResourceRecord, ScopeRecord, SpanRecord } from '../../edge/otlp/records.ts';
import type { AcceptedBatch, Trust } from '../../edge/store/trace-store.ts';
import * as names from '../../src/wire/names.ts';
import { encodeAttributes, type OtlpLogRecord, type OtlpSpan, SPAN_KIND } from '../../src/wire/otlp.ts';

/** Repeatable random numbers (mulberry32): a bench and a failing test can be run again. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface PageView {
  traceId: string;
  sessionId: string;
  route: string;
  startMs: number;
  /** What the browser, the edge worker and the backend send, each in a request of its own. */
  batches: [browser: AcceptedBatch, edge: AcceptedBatch, backend: AcceptedBatch];
}

export interface PageViewsOptions {
  seed?: number;
  /** Epoch ms of the first page view. */
  fromMs?: number;
  /** Time between the starts of page views. */
  everyMs?: number;
}

const ROUTES = Array.from(
  { length: 40 },
  (_, i) => `/${['shop', 'blog', 'account', 'search'][i % 4]}/section-${i}/:id`,
);
const IMAGES = 6;
const BRANDS = ['Chromium 141', 'Google Chrome 141', 'Not?A_Brand 8'];
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
];

/**
 * Page views as they come from our own agent, worker and a stock SDK: 13 browser, 3 edge and 5 backend spans, three web
 * vitals, 4 % with an error; 40 routes, three web services, sessions of some five page views.
 */
export function* pageViews(options: PageViewsOptions = {}): Generator<PageView, never> {
  const { seed = 1, fromMs = Date.UTC(2026, 10, 20), everyMs = 250 } = options;
  const random = createRandom(seed);
  const sessions = Array.from({ length: 40 }, () => hex(random, 16));
  for (let n = 0; ; n += 1) {
    const slot = Math.floor(random() * sessions.length);
    if (random() < 0.2) sessions[slot] = hex(random, 16);
    yield pageView(random, sessions[slot] as string, Math.round(fromMs + n * everyMs));
  }
}

function pageView(random: () => number, sessionId: string, startMs: number): PageView {
  const traceId = hex(random, 16);
  const route = ROUTES[Math.floor(random() ** 2 * ROUTES.length)] as string;
  const web = ['shop-web', 'blog-web', 'account-web'][Math.floor(random() * 3)] as string;
  const host = `https://${web.replace('-web', '')}.example.com`;
  const path = route.replace(':id', String(Math.floor(random() * 5000)));
  const slow = random() < 0.02 ? 8 : 1;
  const failed = random() < 0.04;
  // Browsers' clocks tick in 0.1 ms, workers' in whole ms, backends' in nanoseconds.
  const tick = (ms: number): number => Math.round(ms * 10) / 10;
  const time = (ms: number): string => nanos(startMs, ms);
  const root = hex(random, 8);
  const documentSpan = hex(random, 8);
  const loadMs = tick((600 + random() * 1800) * slow);
  const ttfbMs = tick((80 + random() * 300) * slow);
  const page = { [names.ATTR_SESSION_ID]: sessionId, [names.ATTR_PAGE_VIEW_ID]: hex(random, 8) };
  const span = (fields: Omit<OtlpSpan, 'traceId' | 'flags'>): OtlpSpan => ({ traceId, flags: 0x101, ...fields });

  const browser: OtlpSpan[] = [
    span({
      spanId: root,
      name: route,
      kind: SPAN_KIND.internal,
      startTimeUnixNano: time(0),
      endTimeUnixNano: time(loadMs),
      attributes: encodeAttributes({
        ...page,
        [names.ATTR_ACTIVITY]: 'page load',
        [names.ATTR_URL_TEMPLATE]: route,
        [names.ATTR_URL_FULL]: `${host}${path}`,
        [names.ATTR_NAVIGATION_TYPE]: 'navigate',
      }),
      ...(failed && { status: { code: 2, message: 'Cannot read properties of undefined' } }),
    }),
    span({
      spanId: documentSpan,
      parentSpanId: root,
      name: 'GET',
      kind: SPAN_KIND.client,
      startTimeUnixNano: time(0),
      endTimeUnixNano: time(ttfbMs + 12),
      attributes: encodeAttributes({
        ...page,
        [names.ATTR_HTTP_REQUEST_METHOD]: 'GET',
        [names.ATTR_URL_FULL]: `${host}${path}`,
        [names.ATTR_SERVER_ADDRESS]: host.slice(8),
        [names.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
        [names.ATTR_NETWORK_PROTOCOL_VERSION]: '3',
        [names.ATTR_REQUEST_PHASES]: `dns:0-${tick(random() * 20)} connect:20-${tick(20 + random() * 40)} wait:61-${ttfbMs} body:${ttfbMs}-${tick(ttfbMs + 12)}`,
      }),
    }),
  ];
  const fetches: string[] = [];
  for (let i = 0; i < 11; i += 1) {
    const isFetch = i >= IMAGES + 3;
    const at = tick(ttfbMs + random() * loadMs * 0.5);
    const spanId = hex(random, 8);
    if (isFetch) fetches.push(spanId);
    const file = i < 3 ? `assets/app-${i}.4f2a9c.js` : `images/${path.slice(1)}/${i}-640.webp`;
    const url = isFetch ? `${host}/api/v1${path}/${i}` : `https://cdn.example.com/${file}`;
    browser.push(
      span({
        spanId,
        parentSpanId: root,
        name: 'GET',
        kind: SPAN_KIND.client,
        startTimeUnixNano: time(at),
        endTimeUnixNano: time(tick(at + random() * 300)),
        attributes: encodeAttributes({
          ...page,
          [names.ATTR_HTTP_REQUEST_METHOD]: 'GET',
          [names.ATTR_URL_FULL]: url,
          [names.ATTR_SERVER_ADDRESS]: new URL(url).host,
          [names.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
          [names.ATTR_RESOURCE_INITIATOR_TYPE]: isFetch ? 'fetch' : i < 3 ? 'script' : 'img',
          [names.ATTR_RESOURCE_TRANSFER_SIZE]: Math.floor(random() * 90_000),
          [names.ATTR_RESOURCE_DECODED_BODY_SIZE]: Math.floor(random() * 200_000),
        }),
      }),
    );
  }
  const vitals = { LCP: loadMs * 0.7, FCP: ttfbMs + 90, CLS: Math.round(random() * 2000) / 10_000 };
  const logs: OtlpLogRecord[] = Object.entries(vitals).map(([name, value]) => ({
    traceId,
    spanId: root,
    timeUnixNano: time(loadMs + 40),
    eventName: names.EVENT_WEB_VITAL,
    severityNumber: 9,
    attributes: encodeAttributes({
      [names.ATTR_EVENT_ID]: hex(random, 8),
      ...page,
      [names.ATTR_WEB_VITAL_NAME]: name.toLowerCase(),
      [names.ATTR_WEB_VITAL_VALUE]: Math.round(value * 10_000) / 10_000,
      [names.ATTR_WEB_VITAL_RATING]: 'good',
      [names.ATTR_WEB_VITAL_ID]: `v5-${startMs}-${Math.floor(random() * 1e13)}`,
      [`${names.ATTR_WEB_VITAL_ATTRIBUTION}.target`]: 'main>article>img.hero',
    }),
  }));

  const served = hex(random, 8);
  const whole = (ms: number): string => time(Math.round(ms));
  const edge: OtlpSpan[] = [
    span({
      spanId: served,
      parentSpanId: documentSpan,
      name: `GET ${route}`,
      kind: SPAN_KIND.server,
      startTimeUnixNano: whole(30),
      endTimeUnixNano: whole(ttfbMs),
      attributes: encodeAttributes({
        [names.ATTR_HTTP_REQUEST_METHOD]: 'GET',
        [names.ATTR_HTTP_ROUTE]: route,
        [names.ATTR_URL_PATH]: path,
        [names.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
        [names.ATTR_CLOUDFLARE_COLO]: 'FRA',
        [names.ATTR_CLOUDFLARE_RAY_ID]: hex(random, 8),
      }),
    }),
  ];
  const calls = [0, 1].map((i) => {
    const spanId = hex(random, 8);
    edge.push(
      span({
        spanId,
        parentSpanId: served,
        name: 'GET',
        kind: SPAN_KIND.client,
        startTimeUnixNano: whole(32 + i * 5),
        endTimeUnixNano: whole(ttfbMs - 8),
        attributes: encodeAttributes({
          [names.ATTR_HTTP_REQUEST_METHOD]: 'GET',
          [names.ATTR_URL_FULL]: `https://origin.example.com/v1${path}?part=${i}`,
          [names.ATTR_SERVER_ADDRESS]: 'origin.example.com',
          [names.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
        }),
      }),
    );
    return spanId;
  });
  const backend: OtlpSpan[] = [];
  calls.forEach((parentSpanId, i) => {
    const spanId = hex(random, 8);
    const at = 40 + i * 5 + random();
    const until = ttfbMs - 10 - random();
    backend.push(
      span({
        spanId,
        parentSpanId,
        name: `GET /v1${route}`,
        kind: SPAN_KIND.server,
        startTimeUnixNano: time(at),
        endTimeUnixNano: time(until),
        attributes: encodeAttributes({
          [names.ATTR_HTTP_REQUEST_METHOD]: 'GET',
          [names.ATTR_HTTP_ROUTE]: `/v1${route}`,
          [names.ATTR_URL_PATH]: `/v1${path}`,
          [names.ATTR_URL_SCHEME]: 'http',
          [names.ATTR_HTTP_RESPONSE_STATUS_CODE]: 200,
          [names.ATTR_SERVER_ADDRESS]: 'origin.example.com',
          [names.ATTR_SERVER_PORT]: 8080,
        }),
      }),
    );
    for (let query = 0; query < 2 - i; query += 1) {
      const start = at + 3 + random() * 5;
      backend.push(
        span({
          spanId: hex(random, 8),
          parentSpanId: spanId,
          name: 'SELECT orders',
          kind: SPAN_KIND.client,
          startTimeUnixNano: time(start),
          endTimeUnixNano: time(start + random() * 30),
          attributes: encodeAttributes({
            [names.ATTR_DB_SYSTEM_NAME]: 'postgresql',
            [names.ATTR_DB_OPERATION_NAME]: 'SELECT',
            [names.ATTR_DB_COLLECTION_NAME]: 'orders',
            [names.ATTR_DB_QUERY_TEXT]:
              'SELECT id, total, currency FROM orders WHERE customer_id = $1 ORDER BY created_at DESC',
          }),
        }),
      );
    }
  });

  const receivedAtMs = startMs + loadMs + 500;
  const agent = AGENTS[Math.floor(random() * AGENTS.length)] as string;
  const resource = (service: string, more: Record<string, string | number | boolean>): ResourceRecord => ({
    attributes: encodeAttributes({
      [names.ATTR_SERVICE_NAME]: service,
      [names.ATTR_SERVICE_VERSION]: '2026.11.3',
      [names.ATTR_DEPLOYMENT_ENVIRONMENT_NAME]: 'production',
      [names.ATTR_TELEMETRY_SDK_NAME]: 'opentelemetry',
      ...more,
    }),
  });
  return {
    traceId,
    sessionId,
    route,
    startMs,
    batches: [
      batch(
        receivedAtMs,
        'public',
        resource(web, {
          [names.ATTR_TELEMETRY_SDK_LANGUAGE]: 'webjs',
          [names.ATTR_USER_AGENT_ORIGINAL]: agent,
          [names.ATTR_BROWSER_BRANDS]: BRANDS.join(', '),
          [names.ATTR_BROWSER_LANGUAGE]: 'de-DE',
          [names.ATTR_BROWSER_MOBILE]: agent.includes('Mobile'),
          [names.ATTR_TRUST]: 'public',
          [names.ATTR_KEY_ID]: 'shop-web',
          [names.ATTR_CLOCK_OFFSET]: Math.floor(random() * 200),
        }),
        { name: names.SCOPE_BROWSER, version: '0.1.0' },
        browser,
        logs,
      ),
      batch(
        receivedAtMs,
        'trusted',
        resource('shop-edge', {
          [names.ATTR_CLOUD_PROVIDER]: 'cloudflare',
          [names.ATTR_CLOUD_PLATFORM]: 'cloudflare.workers',
          [names.ATTR_TRUST]: 'trusted',
        }),
        { name: names.SCOPE_EDGE, version: '0.1.0' },
        edge,
        [],
      ),
      batch(
        receivedAtMs,
        'trusted',
        resource('shop-backend', {
          [names.ATTR_TELEMETRY_SDK_LANGUAGE]: 'nodejs',
          [names.ATTR_TRUST]: 'trusted',
        }),
        { name: '@opentelemetry/instrumentation-http', version: '0.223.0' },
        backend,
        [],
      ),
    ],
  };
}

function batch(
  receivedAtMs: number,
  trust: Trust,
  resource: ResourceRecord,
  scope: ScopeRecord,
  spans: OtlpSpan[],
  logs: OtlpLogRecord[],
): AcceptedBatch {
  return {
    receivedAtMs,
    trust,
    keyId: 'test',
    spans: spans.map((span): SpanRecord => ({ resource, scope, span })),
    logs: logs.map((log): LogRecord => ({ resource, scope, log })),
  };
}

// Sums of ms would lose the nanoseconds: the fraction is added as digits.
function nanos(startMs: number, offsetMs: number): string {
  const offset = Math.round(offsetMs * 1e6);
  const ms = startMs + Math.floor(offset / 1e6);
  return `${ms}${String(offset - Math.floor(offset / 1e6) * 1e6).padStart(6, '0')}`;
}

function hex(random: () => number, bytes: number): string {
  let text = '';
  for (let i = 0; i < bytes; i += 1) {
    text += Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0');
  }
  return text;
}
