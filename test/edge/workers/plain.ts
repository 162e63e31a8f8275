import { trace } from '@opentelemetry/api';
import { type Fetcher, flush, instrument, ledger } from 'throughline/worker';

interface Env {
  COLLECTOR: string;
  KEY: string;
  ORIGIN: string;
  CLIENT_ADDRESS?: boolean;
  /** The collector as a worker of its own. */
  COLLECTOR_BINDING?: Fetcher;
}

const handler = {
  name: 'kept as it is',
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === '/throw') throw new RangeError('left as it is');
    if (url.pathname === '/this') return new Response(this.name);
    if (url.pathname === '/proxy') return fetch(env.ORIGIN + url.search.slice(1), request);
    trace.getActiveSpan()?.setAttribute('app.seen', true);
    return new Response('ok');
  },
};

const traced = instrument(handler, (env: Env) => ({
  service: 'plain',
  collector: env.COLLECTOR,
  key: env.KEY,
  binding: env.COLLECTOR_BINDING,
  propagateTo: [env.ORIGIN],
  clientAddress: env.CLIENT_ADDRESS,
  route: (request) => (new URL(request.url).pathname.startsWith('/items/') ? '/items/:id' : undefined),
}));

export default {
  ...traced,
  async fetch(request: Request, env: Env, ctx: unknown): Promise<Response> {
    if (new URL(request.url).pathname === '/ledger') {
      await flush();
      return Response.json(ledger());
    }
    try {
      return await (traced.fetch as (...args: unknown[]) => Promise<Response>)(request, env, ctx);
    } catch (error) {
      return new Response(`${(error as Error).name}: ${(error as Error).message}`, { status: 599 });
    }
  },
};
