import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { trace } from '@opentelemetry/api';
import {
  bindings,
  flush,
  injectScript,
  instrument,
  ledger,
  type Options,
  traceCaches,
  traceClass,
} from 'throughline/cloudflare';

traceCaches();

// biome-ignore lint/suspicious/noExplicitAny: the platform's bindings have no types here
type Env = Record<string, any>;

const options = (env: Env): Options => ({
  service: 'cf-app',
  collector: env['COLLECTOR'],
  traceEnv: bindings({ rpc: ['COUNTER', 'AUTH', 'ALARMED'], queues: { ORDERS: 'orders' } }),
  html: injectScript({ src: 'https://t.example/throughline.js', 'data-key': 'pk_"1"', 'data-service': 'shop' }),
});

class AuthBase extends WorkerEntrypoint {
  who(name: string): string {
    trace.getActiveSpan()?.setAttribute('app.name', name);
    return this.greet(name);
  }
  /** Called from within: stays synchronous. */
  greet(name: string): string {
    return `hello ${name}`;
  }
  arguments(...args: unknown[]): unknown[] {
    return args;
  }
  fail(): never {
    throw new RangeError('refused');
  }
  get version(): number {
    return 7;
  }
  fetch(request: Request): Response {
    return Response.json(Object.fromEntries(request.headers));
  }
}
export const Auth = traceClass(AuthBase, options as never);

class CounterBase extends DurableObject {
  async add(by: number): Promise<number> {
    const value = ((await this.ctx.storage.get('n')) ?? 0) + by;
    await this.ctx.storage.put('n', value);
    return value;
  }
  async wake(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now());
  }
  async alarm(): Promise<void> {
    await this.env.KV.put('alarm', '1');
  }
  async fetch(request: Request): Promise<Response> {
    if (request.headers.get('upgrade') === 'websocket') {
      // @ts-expect-error: workerd's own
      const pair = new WebSocketPair();
      this.ctx.acceptWebSocket(pair[1]);
      return new Response(null, { status: 101, webSocket: pair[0] } as ResponseInit);
    }
    return Response.json(Object.fromEntries(request.headers));
  }
  webSocketMessage(socket: WebSocket, message: string): void {
    socket.send(`echo ${message}`);
  }
}
export const Counter = traceClass(CounterBase, options as never);

/** Not instrumented: what reaches it must be what the app sent. */
export class Plain extends WorkerEntrypoint {
  arguments(...args: unknown[]): unknown[] {
    return args;
  }
}

const handler = {
  async fetch(request: Request, env: Env, ctx: unknown): Promise<Response> {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case '/kv':
        await env.KV.put('k', 'v');
        return Response.json([await env.KV.get('k'), (await env.KV.list()).keys.length]);
      case '/kv-fails':
        return env.KV.put('', 'v').catch((error: Error) => new Response(`${error.name}: ${error.message}`));
      case '/r2': {
        await env.BUCKET.put('a', 'body of a');
        const object = await env.BUCKET.get('a');
        return new Response(object.body);
      }
      case '/d1': {
        await env.DB.exec('CREATE TABLE IF NOT EXISTS users (id INTEGER, name TEXT)');
        const insert = env.DB.prepare('INSERT INTO users VALUES (?1, ?2)');
        await env.DB.batch([insert.bind(1, 'ann'), insert.bind(2, 'bob')]);
        const { results } = await env.DB.prepare("SELECT name FROM users WHERE id = ?1 AND name <> 'secret-42'")
          .bind(1)
          .all();
        return Response.json(results);
      }
      case '/d1-fails':
        return env.DB.prepare('SELEC 1')
          .all()
          .then(
            () => new Response('no'),
            (error: Error) => new Response(error.message),
          );
      case '/cache': {
        // @ts-expect-error: workerd's own
        const cache = caches.default;
        await cache.put(
          'http://cache.example/a',
          new Response('cached', { headers: { 'cache-control': 'max-age=60' } }),
        );
        return new Response(await (await cache.match('http://cache.example/a')).text());
      }
      case '/rpc': {
        const type = Object.getPrototypeOf(env.AUTH.who('type')).constructor.name;
        return Response.json([await env.AUTH.who('ann'), await env.AUTH.version, type]);
      }
      case '/rpc-arguments':
        return Response.json([await env.AUTH.arguments(1, 'b', null), await env.PLAIN.arguments(1, 'b', null)]);
      case '/rpc-fails':
        return env.AUTH.fail().catch((error: Error) => new Response(`${error.name}: ${error.message}`));
      case '/service':
        return env.AUTH.fetch('http://auth/whoami', { headers: { 'x-own': '1' } });
      case '/object': {
        const stub = env.COUNTER.get(env.COUNTER.idFromName('one'));
        return Response.json([await stub.add(2), await stub.add(3)]);
      }
      case '/object-fetch':
        return env.COUNTER.getByName('one').fetch('http://counter/where');
      case '/object-socket':
        return env.COUNTER.getByName('one').fetch(request);
      case '/object-alarm':
        await env.COUNTER.getByName('one').wake();
        return new Response('set');
      case '/send':
        await env.ORDERS.send({ order: 1 });
        return new Response('sent');
      case '/send-batch':
        await env.ORDERS.sendBatch([
          { body: { order: 2 } },
          { body: { order: 3 } },
          { body: 'text', contentType: 'text' },
        ]);
        return new Response('sent');
      case '/send-poison':
        await env.ORDERS.send({ order: 'poison' });
        return new Response('sent');
      case '/compute': {
        // As production's clocks do, and the local ones do not.
        const { now } = Date;
        const { performance } = globalThis;
        const frozenMs = Date.now();
        Date.now = () => frozenMs;
        performance.now = () => frozenMs;
        const tracer = trace.getTracer('app');
        const work = (name: string): void =>
          tracer.startActiveSpan(name, (span) => {
            for (let i = 0; i < 1000; i++) Math.sqrt(i);
            tracer.startActiveSpan(`${name} inner`, (inner) => inner.end());
            span.end();
          });
        work('first');
        work('second');
        Date.now = now;
        // @ts-expect-error: the instance's own member goes, the prototype's is back
        delete performance.now;
        return new Response('computed');
      }
      case '/page':
        return new Response('<html><head><title>x</title></head><body><head>no</head></body></html>', {
          headers: { 'content-type': 'text/html', 'content-security-policy': "script-src 'nonce-abc123'" },
        });
      case '/page/stream': {
        const body = new ReadableStream({
          async start(controller) {
            for (const part of ['<html><he', 'ad></head>', '<body>one', 'two</body></html>']) {
              await new Promise((resolve) => setTimeout(resolve, 20));
              controller.enqueue(new TextEncoder().encode(part));
            }
            controller.close();
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/html; charset=utf-8' } });
      }
      default:
        return Response.json({ ctx: typeof ctx });
    }
  },
  async queue(batch: { messages: Array<{ body: unknown; ack(): void; retry(): void }> }, env: Env): Promise<void> {
    await env.KV.put('batch', JSON.stringify(batch.messages.map(({ body }) => body)));
    for (const message of batch.messages) {
      if ((message.body as { order?: unknown }).order === 'poison') message.retry();
      else message.ack();
    }
  },
  async scheduled(_controller: unknown, env: Env): Promise<void> {
    await env.KV.put('scheduled', '1');
  },
};

const traced = instrument(handler, options);

export default {
  ...traced,
  async fetch(request: Request, env: Env, ctx: unknown): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/ledger') {
      await flush();
      return Response.json(ledger());
    }
    if (pathname === '/batch') return new Response(await env.KV.get('batch'));
    return (traced.fetch as (...args: unknown[]) => Promise<Response>)(request, env, ctx);
  },
};
