import type { TraceSummary } from '../../edge/store/trace-store.ts';
import type {
  EventView,
  Layer,
  ResourceView,
  SpanView,
  TraceView,
  ViewAttributes,
} from '../../edge/trace/trace-view.ts';

/** A span as a scenario tells it: times relative to the trace's start, children inside. */
export interface SpanTale {
  name: string;
  service: string;
  layer: Layer;
  atMs: number;
  ms: number;
  kind?: SpanView['kind'];
  status?: SpanView['status'];
  statusMessage?: string;
  attributes?: ViewAttributes;
  events?: Array<Omit<EventView, 'spanId' | 'service' | 'timeMs'> & { atMs: number }>;
  links?: SpanView['links'];
  trust?: SpanView['trust'];
  orphan?: boolean;
  shiftMs?: number;
  children?: SpanTale[];
}

export interface TraceTale {
  traceId: string;
  startMs: number;
  roots: SpanTale[];
  /** Log records; `span` is the index of the span in depth-first order. */
  events?: Array<{ name: string; atMs: number; span: number; severity?: number; attributes: ViewAttributes }>;
  warnings?: string[];
}

export const TALE_START_MS = Date.UTC(2026, 2, 3, 9, 41, 12, 480);

/** The API's view of a tale. Iterative, since tales may be deep. */
export function tellTrace(tale: TraceTale): TraceView {
  const spans: SpanView[] = [];
  const resources: ResourceView[] = [];
  const resourceOf = new Map<string, number>();
  const stack = tale.roots.map((span) => ({ span, parent: '' })).reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { span, parent } = next;
    const key = `${span.service}\n${span.layer}`;
    let resource = resourceOf.get(key);
    if (resource === undefined) {
      resource = resources.length;
      resourceOf.set(key, resource);
      resources.push({
        service: span.service,
        layer: span.layer,
        trust: span.trust ?? (span.layer === 'browser' ? 'public' : 'trusted'),
        attributes: resourceAttributes(span.service, span.layer),
      });
    }
    const spanId = `b${(spans.length + 1).toString(16).padStart(15, '0')}`;
    const startMs = tale.startMs + span.atMs;
    spans.push({
      spanId,
      parentSpanId: parent || (span.orphan ? 'deadbeefdeadbeef' : ''),
      name: span.name,
      kind: span.kind ?? 'internal',
      service: span.service,
      layer: span.layer,
      startMs,
      durationMs: span.ms,
      shiftMs: span.shiftMs ?? 0,
      stretchMs: 0,
      status: span.status ?? 'unset',
      statusMessage: span.statusMessage ?? '',
      attributes: span.attributes ?? {},
      events: (span.events ?? []).map(({ atMs, ...event }) => ({
        ...event,
        timeMs: tale.startMs + atMs,
        spanId,
        service: span.service,
      })),
      links: span.links ?? [],
      resource,
      scope: span.layer === 'browser' ? 'throughline/browser' : span.layer === 'edge' ? 'throughline/edge' : 'app',
      trust: span.trust ?? (span.layer === 'browser' ? 'public' : 'trusted'),
      orphan: span.orphan ?? false,
    });
    for (const child of [...(span.children ?? [])].reverse()) stack.push({ span: child, parent: spanId });
  }
  const endMs = spans.reduce((end, span) => Math.max(end, span.startMs + span.durationMs), tale.startMs);
  return {
    traceId: tale.traceId,
    root: spans[0]?.spanId ?? '',
    hasRoot: tale.roots[0]?.orphan !== true,
    startMs: tale.startMs,
    durationMs: endMs - tale.startMs,
    spans,
    events: (tale.events ?? []).map((event) => ({
      name: event.name,
      timeMs: tale.startMs + event.atMs,
      spanId: spans[event.span]?.spanId ?? '',
      service: spans[event.span]?.service ?? '',
      severity: event.severity ?? 9,
      body: null,
      attributes: event.attributes,
    })),
    resources,
    warnings: tale.warnings ?? [],
  };
}

/** The row of the list for a view, as a store would keep it. */
export function summarise(view: TraceView): TraceSummary {
  const root = view.spans[0] as SpanView;
  const vitals: TraceSummary['vitals'] = {};
  let errorCount = view.spans.filter((span) => span.status === 'error').length;
  for (const event of view.events) {
    if (event.name === 'exception') errorCount += 1;
    if (event.name !== 'browser.web_vital') continue;
    Object.assign(vitals, {
      [String(event.attributes['browser.web_vital.name'])]: event.attributes['browser.web_vital.value'],
    });
  }
  return {
    traceId: view.traceId,
    name: root.name,
    service: root.service,
    services: [...new Set(view.spans.map((span) => span.service))],
    route: String(root.attributes['url.template'] ?? root.attributes['http.route'] ?? ''),
    activity: String(root.attributes['throughline.activity'] ?? ''),
    startMs: view.startMs,
    durationMs: view.durationMs,
    spanCount: view.spans.length,
    errorCount,
    vitals,
    sessionId: String(root.attributes['session.id'] ?? ''),
    userId: '',
    hasRoot: view.hasRoot,
    updatedAtMs: view.startMs + view.durationMs,
  };
}

function resourceAttributes(service: string, layer: Layer): ViewAttributes {
  const common = { 'service.name': service, 'service.version': '2026.3.1', 'deployment.environment.name': 'demo' };
  if (layer === 'browser') {
    return {
      ...common,
      'telemetry.sdk.language': 'webjs',
      'telemetry.sdk.name': 'opentelemetry',
      'browser.platform': 'Linux',
      'browser.mobile': false,
      'browser.language': 'en-GB',
      'throughline.trust': 'public',
      'throughline.key.id': service,
      'throughline.clock.offset_ms': -3.2,
    };
  }
  if (layer === 'edge') {
    return {
      ...common,
      'cloud.provider': 'cloudflare',
      'cloud.platform': 'cloudflare.workers',
      'cloudflare.colo': 'FRA',
    };
  }
  return { ...common, 'telemetry.sdk.language': 'nodejs', 'process.runtime.version': '24.21.0' };
}

const vital = (name: string, value: number, atMs: number, more: ViewAttributes = {}) => ({
  name: 'browser.web_vital',
  atMs,
  span: 0,
  attributes: { 'browser.web_vital.name': name, 'browser.web_vital.value': value, ...more },
});

const SESSION = '5f0c1a7be2d94c3a';

/** A product page: document through the edge to the database, resources, a slow API call, vitals. */
export function productPage(traceId = '4bf92f3577b34da6a3ce929d0e0e4736', startMs = TALE_START_MS): TraceView {
  const backend = (name: string, atMs: number, ms: number, sql: SpanTale[] = []): SpanTale => ({
    name,
    service: 'shop-backend',
    layer: 'backend',
    kind: 'server',
    atMs,
    ms,
    attributes: {
      'http.request.method': 'GET',
      'http.route': name.split(' ')[1] ?? '',
      'http.response.status_code': 200,
    },
    children: sql,
  });
  const query = (collection: string, text: string, atMs: number, ms: number): SpanTale => ({
    name: `SELECT ${collection}`,
    service: 'shop-backend',
    layer: 'backend',
    kind: 'client',
    atMs,
    ms,
    attributes: { 'db.system.name': 'sqlite', 'db.collection.name': collection, 'db.query.text': text },
  });
  const resource = (path: string, type: string, atMs: number, ms: number, size: number): SpanTale => ({
    name: `GET ${path.replace(/[0-9a-f]{8}/, '{hash}')}`,
    service: 'shop-web',
    layer: 'browser',
    kind: 'client',
    atMs,
    ms,
    attributes: {
      'url.full': `https://shop.example${path}`,
      'browser.resource_timing.initiator_type': type,
      'browser.resource_timing.transfer_size': size,
      'http.response.status_code': 200,
      'network.protocol.version': '3',
      'throughline.request.phases': `queue:0-${(ms * 0.08).toFixed(1)} request:${(ms * 0.08).toFixed(1)}-${(ms * 0.1).toFixed(1)} wait:${(ms * 0.1).toFixed(1)}-${(ms * 0.6).toFixed(1)} body:${(ms * 0.6).toFixed(1)}-${ms}`,
    },
  });
  const call = (route: string, path: string, atMs: number, ms: number, inner: SpanTale[]): SpanTale => ({
    name: `GET ${route}`,
    service: 'shop-web',
    layer: 'browser',
    kind: 'client',
    atMs,
    ms,
    attributes: {
      'http.request.method': 'GET',
      'url.full': `https://shop.example${path}`,
      'url.template': route,
      'http.response.status_code': 200,
      'server.address': 'shop.example',
      'throughline.request.phases': `queue:0-2.1 request:2.1-3 wait:3-${(ms * 0.9).toFixed(1)} body:${(ms * 0.9).toFixed(1)}-${ms}`,
    },
    children: [
      {
        name: `GET ${route}`,
        service: 'shop-edge',
        layer: 'edge',
        kind: 'server',
        atMs: atMs + 21,
        ms: ms - 48,
        attributes: {
          'http.route': route,
          'url.path': path,
          'http.response.status_code': 200,
          'cloudflare.colo': 'FRA',
          'faas.coldstart': false,
        },
        children: [
          {
            name: 'GET',
            service: 'shop-edge',
            layer: 'edge',
            kind: 'client',
            atMs: atMs + 24,
            ms: ms - 56,
            attributes: { 'http.request.method': 'GET', 'url.full': `http://backend.internal:8080${path}` },
            children: inner,
          },
        ],
      },
    ],
  });
  return tellTrace({
    traceId,
    startMs,
    roots: [
      {
        name: 'page load /product/{id}',
        service: 'shop-web',
        layer: 'browser',
        atMs: 0,
        ms: 2184.6,
        attributes: {
          'throughline.activity': 'page load',
          'throughline.page_view.id': '91e5b2a07c3d4f18',
          'throughline.navigation.type': 'navigate',
          'url.full': 'https://shop.example/product/1042',
          'url.template': '/product/{id}',
          'session.id': SESSION,
        },
        children: [
          {
            name: 'GET /product/{id}',
            service: 'shop-web',
            layer: 'browser',
            kind: 'client',
            atMs: 1.2,
            ms: 486.3,
            attributes: {
              'http.request.method': 'GET',
              'url.full': 'https://shop.example/product/1042',
              'http.response.status_code': 200,
              'network.protocol.version': '3',
              'http.response.body.size': 18_412,
              'throughline.request.phases':
                'dns:1.1-14.6 connect:14.6-62.3 tls:31.9-62.3 request:62.4-63 wait:63-402.7 body:402.7-486.3',
            },
            children: [
              {
                name: 'GET /product/{id}',
                service: 'shop-edge',
                layer: 'edge',
                kind: 'server',
                atMs: 88.4,
                ms: 291.7,
                shiftMs: -4.6,
                attributes: {
                  'http.route': '/product/{id}',
                  'url.path': '/product/1042',
                  'http.response.status_code': 200,
                  'cloudflare.colo': 'FRA',
                  'faas.coldstart': true,
                },
                children: [
                  {
                    name: 'GET',
                    service: 'shop-edge',
                    layer: 'edge',
                    kind: 'client',
                    atMs: 97.1,
                    ms: 268.9,
                    attributes: {
                      'http.request.method': 'GET',
                      'url.full': 'http://backend.internal:8080/products/1042',
                    },
                    children: [
                      backend('GET /products/{id}', 109.3, 241.5, [
                        query('products', 'SELECT * FROM products WHERE id = ?', 112.2, 18.4),
                        query('stock', 'SELECT warehouse, count FROM stock WHERE product_id = ?', 132.6, 156.1),
                        query(
                          'prices',
                          'SELECT amount, currency FROM prices WHERE product_id = ? AND region = ?',
                          291.2,
                          42.3,
                        ),
                      ]),
                    ],
                  },
                ],
              },
            ],
          },
          resource('/assets/shop-3fa9c1d2.css', 'link', 431.2, 96.4, 8_214),
          resource('/assets/shop-77b0e4aa.js', 'script', 433.8, 188.2, 61_530),
          resource('/images/1042-large.avif', 'img', 559.1, 702.8, 184_022),
          resource('/images/1042-2.avif', 'img', 648.2, 311.5, 40_118),
          call('/api/products/{id}/reviews', '/api/products/1042/reviews', 661.7, 934.2, [
            backend('GET /products/{id}/reviews', 694.5, 862.8, [
              query('reviews', 'SELECT * FROM reviews WHERE product_id = ? ORDER BY created_at DESC', 698.1, 811.9),
              query('users', 'SELECT id, name FROM users WHERE id IN (?, ?, ?)', 1514.7, 36.2),
            ]),
          ]),
          call('/api/recommendations', '/api/recommendations?for=1042', 664.9, 402.6, [
            backend('GET /recommendations', 699.3, 338.4, [
              query(
                'orders',
                'SELECT product_id, count(*) FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 8',
                703.5,
                318.8,
              ),
            ]),
          ]),
          { name: 'render reviews', service: 'shop-web', layer: 'browser', atMs: 1601.3, ms: 187.4 },
        ],
      },
    ],
    events: [
      vital('ttfb', 402.7, 488, { 'throughline.web_vital.attribution.waitingDuration': 1.1 }),
      vital('fcp', 641.9, 650),
      vital('lcp', 2704.2, 3100, { 'throughline.web_vital.attribution.target': 'img.hero' }),
      vital('cls', 0.042, 21_800),
      vital('inp', 148, 21_800),
    ],
  });
}

/** A click on "add to cart" that fails in the backend and throws in the page. */
export function failedClick(traceId = '9c0f1e6dd4a24b6fb2a1d4c7e8f90a11', startMs = TALE_START_MS + 18_230): TraceView {
  const stack = [
    "TypeError: Cannot read properties of undefined (reading 'count')",
    '    at showCart (https://shop.example/assets/shop-77b0e4aa.js:214:31)',
    '    at async addToCart (https://shop.example/assets/shop-77b0e4aa.js:188:5)',
    '    at HTMLButtonElement.<anonymous> (https://shop.example/assets/shop-77b0e4aa.js:171:9)',
  ].join('\n');
  return tellTrace({
    traceId,
    startMs,
    roots: [
      {
        name: 'click add to cart',
        service: 'shop-web',
        layer: 'browser',
        atMs: 0,
        ms: 412.8,
        attributes: {
          'throughline.activity': 'interaction',
          'throughline.interaction.type': 'click',
          'browser.css_selector': 'button.add',
          'url.template': '/product/{id}',
          'session.id': SESSION,
        },
        children: [
          {
            name: 'POST /api/cart',
            service: 'shop-web',
            layer: 'browser',
            kind: 'client',
            atMs: 3.1,
            ms: 388.2,
            status: 'error',
            attributes: {
              'http.request.method': 'POST',
              'url.full': 'https://shop.example/api/cart',
              'http.response.status_code': 503,
              'error.type': '503',
              'throughline.request.phases': 'queue:0-1.2 request:1.2-1.9 wait:1.9-384 body:384-388.2',
            },
            children: [
              {
                name: 'POST /api/cart',
                service: 'shop-edge',
                layer: 'edge',
                kind: 'server',
                atMs: 22.4,
                ms: 349.1,
                status: 'error',
                attributes: { 'http.route': '/api/cart', 'http.response.status_code': 503 },
                children: [
                  {
                    name: 'POST',
                    service: 'shop-edge',
                    layer: 'edge',
                    kind: 'client',
                    atMs: 24,
                    ms: 341.9,
                    status: 'error',
                    attributes: { 'url.full': 'http://backend.internal:8080/cart', 'http.response.status_code': 503 },
                    children: [
                      {
                        name: 'POST /cart',
                        service: 'shop-backend',
                        layer: 'backend',
                        kind: 'server',
                        atMs: 31.2,
                        ms: 322.6,
                        status: 'error',
                        statusMessage: 'database is locked',
                        attributes: {
                          'http.route': '/cart',
                          'http.response.status_code': 503,
                          'error.type': 'SQLITE_BUSY',
                        },
                        events: [
                          {
                            name: 'exception',
                            atMs: 349.7,
                            severity: 17,
                            body: null,
                            attributes: {
                              'exception.type': 'Error',
                              'exception.message': 'SQLITE_BUSY: database is locked',
                              'exception.stacktrace':
                                'Error: SQLITE_BUSY: database is locked\n    at Database.run (node:sqlite:412:11)\n    at saveCart (file:///srv/shop/cart.js:58:17)\n    at dispatch (file:///srv/shop/node_modules/hono/dist/compose.js:22:17)',
                            },
                          },
                        ],
                        children: [
                          {
                            name: 'INSERT cart_items',
                            service: 'shop-backend',
                            layer: 'backend',
                            kind: 'client',
                            atMs: 36.8,
                            ms: 311.4,
                            status: 'error',
                            attributes: {
                              'db.system.name': 'sqlite',
                              'db.query.text': 'INSERT INTO cart_items (cart_id, product_id, count) VALUES (?, ?, ?)',
                            },
                          },
                        ],
                      },
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    events: [
      {
        name: 'exception',
        atMs: 394.4,
        span: 0,
        severity: 17,
        attributes: {
          'exception.type': 'TypeError',
          'exception.message': "Cannot read properties of undefined (reading 'count')",
          'exception.stacktrace': stack,
          'throughline.exception.uncaught': true,
        },
      },
      {
        name: 'browser.user_action.click',
        atMs: 0.4,
        span: 0,
        attributes: { 'browser.tag_name': 'button', 'browser.css_selector': 'button.add' },
      },
    ],
  });
}

/** An order that crosses a queue: the consumer outlives the request that started it. */
export function queuedOrder(traceId = '77aa0b54c13e4f0e9b6a5d2f8c1e3d40', startMs = TALE_START_MS + 44_900): TraceView {
  return tellTrace({
    traceId,
    startMs,
    roots: [
      {
        name: 'submit order',
        service: 'shop-web',
        layer: 'browser',
        atMs: 0,
        ms: 318,
        attributes: {
          'throughline.activity': 'interaction',
          'throughline.interaction.type': 'submit',
          'url.template': '/checkout',
          'session.id': SESSION,
        },
        children: [
          {
            name: 'POST /api/orders',
            service: 'shop-web',
            layer: 'browser',
            kind: 'client',
            atMs: 2,
            ms: 301,
            attributes: { 'http.response.status_code': 202 },
            children: [
              {
                name: 'POST /api/orders',
                service: 'shop-edge',
                layer: 'edge',
                kind: 'server',
                atMs: 24,
                ms: 258,
                attributes: { 'http.route': '/api/orders', 'http.response.status_code': 202 },
                children: [
                  {
                    name: 'send orders',
                    service: 'shop-edge',
                    layer: 'queue',
                    kind: 'producer',
                    atMs: 214,
                    ms: 61,
                    attributes: {
                      'messaging.system': 'cloudflare_queues',
                      'messaging.destination.name': 'orders',
                      'messaging.operation.type': 'send',
                    },
                    children: [
                      {
                        name: 'process orders',
                        service: 'shop-mailer',
                        layer: 'queue',
                        kind: 'consumer',
                        atMs: 940,
                        ms: 288,
                        attributes: {
                          'messaging.system': 'cloudflare_queues',
                          'messaging.destination.name': 'orders',
                          'messaging.batch.message_count': 3,
                        },
                        links: [
                          {
                            traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
                            spanId: 'b000000000000002',
                            attributes: { 'messaging.message.id': 'm-2041' },
                          },
                        ],
                        children: [
                          {
                            name: 'POST',
                            service: 'shop-mailer',
                            layer: 'backend',
                            kind: 'client',
                            atMs: 969,
                            ms: 231,
                            attributes: { 'url.full': 'https://mail.example/v1/send' },
                          },
                        ],
                      },
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
}

/** A repeatable pseudo-random number in [0, 1). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A trace of any size: nested requests over three layers with a few errors, the same for the same count. */
export function largeTrace(spanCount: number, traceId = 'c0ffee00c0ffee00c0ffee00c0ffee00'): TraceView {
  const random = createRandom(spanCount);
  const root: SpanTale = {
    name: 'page load /dashboard',
    service: 'shop-web',
    layer: 'browser',
    atMs: 0,
    ms: 20_000,
    attributes: { 'throughline.activity': 'page load' },
    children: [],
  };
  const open: SpanTale[] = [root];
  const layers: Layer[] = ['browser', 'edge', 'backend', 'backend'];
  for (let made = 1; made < spanCount; made += 1) {
    const parent = open[Math.floor(random() * random() * open.length)] as SpanTale;
    const depth = Math.min(3, layers.indexOf(parent.layer) + (random() < 0.6 ? 1 : 0));
    const layer = layers[depth] as Layer;
    const offset = random() * parent.ms * 0.8;
    const span: SpanTale = {
      name: `GET /api/items/{id}/part-${Math.floor(random() * 40)}`,
      service: `shop-${layer === 'browser' ? 'web' : layer}-${layer === 'backend' ? Math.floor(random() * 6) : 0}`,
      layer,
      kind: random() < 0.5 ? 'client' : 'server',
      atMs: parent.atMs + offset,
      ms: Math.max(0.02, (parent.ms - offset) * random() * 0.7),
      attributes: { 'http.route': `/api/items/{id}/part-${made % 40}`, 'http.response.status_code': 200, index: made },
    };
    if (random() < 0.004) span.status = 'error';
    parent.children ??= [];
    parent.children.push(span);
    if (open.length < 400) open.push(span);
    else open[Math.floor(random() * open.length)] = span;
  }
  const sorted: SpanTale[] = [root];
  for (let span = sorted.pop(); span; span = sorted.pop()) {
    span.children?.sort((a, b) => a.atMs - b.atMs);
    sorted.push(...(span.children ?? []));
  }
  return tellTrace({ traceId, startMs: TALE_START_MS, roots: [root] });
}

/** Rows for a full list: the shop's life over some minutes, newest first. */
export function shopDay(count: number, newestMs = TALE_START_MS + 60_000): TraceSummary[] {
  const random = createRandom(42);
  const pages = ['/', '/product/{id}', '/category/{slug}', '/cart', '/checkout'];
  const rows: TraceSummary[] = [];
  for (let index = 0; index < count; index += 1) {
    const route = pages[Math.floor(random() * pages.length)] as string;
    const kind = random();
    const activity = kind < 0.45 ? 'page load' : kind < 0.65 ? 'navigation' : kind < 0.92 ? 'interaction' : '';
    const click = ['add to cart', 'open menu', 'apply filter', 'pay'][Math.floor(random() * 4)];
    const durationMs = Math.round((activity === 'interaction' ? 60 : 380) * Math.exp(random() * 2.6) * 10) / 10;
    const startMs = newestMs - index * 4700 - Math.floor(random() * 3000);
    const hasVitals = activity === 'page load' || (activity === 'navigation' && random() < 0.5);
    rows.push({
      traceId: `7d3c9a1e${(index + 1).toString(16).padStart(24, '0')}`,
      name:
        activity === '' ? 'GET /sitemap.xml' : activity === 'interaction' ? `click ${click}` : `${activity} ${route}`,
      service: activity === '' ? 'shop-edge' : 'shop-web',
      services:
        activity === '' ? ['shop-edge'] : random() < 0.2 ? ['shop-web'] : ['shop-web', 'shop-edge', 'shop-backend'],
      route: activity === '' ? '/sitemap.xml' : route,
      activity,
      startMs,
      durationMs,
      spanCount: 1 + Math.floor(random() * (activity === 'page load' ? 48 : 9)),
      errorCount: random() < 0.12 ? 1 + Math.floor(random() * 3) : 0,
      vitals: hasVitals
        ? {
            lcp: Math.round(durationMs * (0.8 + random())),
            cls: Math.round(random() ** 3 * 400) / 1000,
            ...(random() < 0.6 ? { inp: Math.round(30 * Math.exp(random() * 3)) } : {}),
          }
        : {},
      sessionId: `session-${index % 7}`,
      userId: '',
      hasRoot: index !== 0,
      updatedAtMs: startMs + durationMs,
    });
  }
  return rows;
}
