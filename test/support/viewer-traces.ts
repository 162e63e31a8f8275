import type { TraceView, ViewAttributes } from '../../edge/trace/trace-view.ts';
import { type SpanTale, TALE_START_MS, tellTrace } from './trace-tale.ts';

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
      vital('lcp', 2704.2, 3100, {
        'throughline.web_vital.attribution.target': 'main>img.hero',
        'throughline.web_vital.attribution.url': 'https://shop.example/images/1042-large.avif',
        'throughline.web_vital.attribution.timeToFirstByte': 402.7,
        'throughline.web_vital.attribution.resourceLoadDelay': 156.4,
        'throughline.web_vital.attribution.resourceLoadDuration': 702.8,
        'throughline.web_vital.attribution.elementRenderDelay': 1442.3,
      }),
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
