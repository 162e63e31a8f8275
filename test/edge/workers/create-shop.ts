import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { UpgradeWebSocket } from 'hono/ws';
import { flush, ledger, type Options, throughline } from 'throughline/hono';

// At the top of a module, as many apps do.
const tracer = trace.getTracer('app');

/** What a test sets; strings, because that is what process.env holds on Node. */
export interface Env {
  COLLECTOR: string;
  ORIGIN: string;
  STRANGER: string;
  TRUST?: Options['trust'];
  RATIO?: string;
  CLIENT_ADDRESS?: string;
}

/** The same app on every platform. */
export function createShop(env: (bindings: unknown) => Env, upgradeWebSocket: UpgradeWebSocket): Hono {
  const app = new Hono();
  // Before the middleware, so that asking leaves no span.
  app.get('/ledger', async (c) => {
    await flush();
    return c.json(ledger());
  });
  app.use(
    throughline((bindings) => {
      const { COLLECTOR, ORIGIN, TRUST, RATIO, CLIENT_ADDRESS } = env(bindings);
      return {
        service: 'shop-edge',
        version: '1.2.3',
        environment: 'test',
        collector: COLLECTOR,
        key: 'sk_test',
        propagateTo: [ORIGIN],
        trust: TRUST,
        clientAddress: CLIENT_ADDRESS === 'yes',
        sampleRatio: RATIO === undefined ? undefined : Number(RATIO),
      };
    }),
  );

  app.get('/products/:id', async (c) => {
    const { ORIGIN } = env(c.env);
    trace.getActiveSpan()?.setAttribute('app.product', c.req.param('id'));
    const [product, stock] = await Promise.all([
      fetch(`${ORIGIN}/api/products/${c.req.param('id')}?token=s3cret`),
      fetch(`${ORIGIN}/api/stock`),
    ]);
    return c.json({ product: await product.json(), stock: await stock.json() });
  });
  app.get('/html', (c) => c.html('<p>hello'));
  app.get('/html/cached', (c) => c.html('<p>hello', 200, { 'cache-control': 'public, max-age=60' }));
  app.get('/html/etag', (c) => c.html('<p>hello', 200, { etag: '"1"' }));
  app.get('/html/private', (c) => c.html('<p>hello', 200, { 'cache-control': 'private, max-age=60', etag: '"1"' }));
  app.get('/html/timing', (c) => c.html('<p>hello', 200, { 'server-timing': 'db;dur=5' }));
  app.get('/html/proxied', (c) => fetch(`${env(c.env).ORIGIN}/page`));
  app.get('/throw', () => {
    throw new TypeError('out of stock');
  });
  app.get('/unauthorized', (c) => c.text('no', 401));
  app.get('/broken', (c) => c.text('no', 503));
  app.get('/fail', async (c) => {
    await fetch('http://127.0.0.1:1/nothing');
    return c.text('never');
  });
  app.get('/credentials', async (c) => {
    const url = new URL('/api?api_key=s3cret&q=1', env(c.env).ORIGIN);
    url.username = 'ann';
    url.password = 's3cret';
    // Some platforms send it, others refuse it in words that hold the URL.
    const answer = await fetch(url).catch(() => undefined);
    return c.json(answer ? await answer.json() : null);
  });
  app.get('/upstream/:status', (c) => fetch(`${env(c.env).ORIGIN}/status/${c.req.param('status')}`));
  app.get('/abort', async (c) => {
    await fetch(`${env(c.env).ORIGIN}/hang`, { signal: AbortSignal.timeout(50) }).catch(() => undefined);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await fetch(`${env(c.env).ORIGIN}/hang`, { signal: controller.signal }).catch(() => undefined);
    return c.text('aborted');
  });
  app.all('/send', async (c) => {
    // Hands on all it got, as a proxy does.
    const to = c.req.query('to') ?? '';
    const answer = await fetch(to, { method: c.req.method, headers: c.req.raw.headers, body: c.req.raw.body });
    return c.json({
      url: answer.url,
      redirected: answer.redirected,
      status: answer.status,
      answer: await answer.text(),
    });
  });
  app.all('/send-request', async (c) => {
    const answer = await fetch(new Request(c.req.query('to') ?? '', c.req.raw));
    return new Response(answer.body, answer);
  });
  app.post('/post-text', async (c) => {
    const init = Object.freeze({ method: 'POST', body: 'pay=1', headers: { 'x-own': '1', TraceParent: 'mine' } });
    const answer = await fetch(c.req.query('to') ?? '', init);
    return c.json({ redirected: answer.redirected, answer: await answer.json() });
  });
  app.get('/sse', (c) =>
    streamSSE(c, async (stream) => {
      for (let i = 0; i < 3; i++) {
        await stream.sleep(60);
        await stream.writeSSE({ data: String(i) });
      }
    }),
  );
  app.get('/stream-breaks', (c) => {
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(new TextEncoder().encode('first'));
        else
          return new Promise<void>((resolve) => {
            setTimeout(() => resolve(controller.error(new RangeError('torn'))), 30);
          });
      },
    });
    return c.body(body);
  });
  app.get('/spans', async (c) => {
    const result = await tracer.startActiveSpan('price', async (span) => {
      await Promise.resolve();
      tracer.startActiveSpan('discount', (inner) => {
        inner.addEvent('rule', { 'rule.id': 7 });
        inner.end();
      });
      span.recordException(new Error('odd price'));
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'odd' });
      span.end();
      return trace.getSpan(context.active()) === span;
    });
    return c.json({ result, active: trace.getActiveSpan()?.spanContext() });
  });
  app.get('/isolation/:id', async (c) => {
    const id = c.req.param('id');
    const before = trace.getActiveSpan();
    await new Promise((resolve) => setTimeout(resolve, Number(id) % 7));
    await fetch(`${env(c.env).ORIGIN}/isolation/${id}`);
    const same = trace.getActiveSpan() === before;
    return c.json({ id, same, traceId: trace.getActiveSpan()?.spanContext().traceId });
  });
  app.get(
    '/socket/:room',
    upgradeWebSocket((c) => {
      const room = c.req.param('room');
      return { onMessage: ({ data }, socket) => socket.send(`${room}: ${data}`) };
    }),
  );
  const nested = new Hono();
  nested.get('/orders/:order/lines/:line', (c) => c.text('line'));
  nested.onError((error, c) => c.text(`nested ${error.message}`, 500));
  nested.get('/throw', () => {
    throw new Error('nested failure');
  });
  app.route('/account', nested);
  return app;
}
