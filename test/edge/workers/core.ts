import { trace } from '@opentelemetry/api';
import {
  documents,
  type Fetcher,
  flush,
  instrument,
  ledger,
  propagators,
  ratio,
  streams,
  trustTable,
} from 'throughline/core';

interface Env {
  COLLECTOR: string;
  ORIGIN: string;
  /** With everything that can be plugged in. */
  EXTRAS?: boolean;
  COLLECTOR_BINDING?: Fetcher;
}

const handler = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/throw') throw new RangeError('left as it is');
    if (pathname === '/html') return new Response('<p>', { headers: { 'content-type': 'text/html' } });
    if (pathname === '/stream') {
      const { readable, writable } = new TransformStream<Uint8Array>();
      const writer = writable.getWriter();
      const write = async () => {
        for (const part of ['a', 'b']) {
          await new Promise((resolve) => setTimeout(resolve, 60));
          await writer.write(new TextEncoder().encode(part));
        }
        await writer.close();
      };
      write();
      return new Response(readable);
    }
    if (pathname === '/own')
      return trace.getTracer('app').startActiveSpan('own', async (span) => {
        const response = await fetch(`${env.ORIGIN}/echo`);
        span.end();
        return response;
      });
    return fetch(searchParams.get('to') ?? `${env.ORIGIN}/echo`);
  },
};

const traced = instrument(handler, (env: Env) => ({
  service: 'core',
  collector: env.COLLECTOR,
  binding: env.COLLECTOR_BINDING,
  propagateTo: [env.ORIGIN],
  trust: env.EXTRAS ? trustTable({ 'https://partner.example': 'link' }) : undefined,
  ...(env.EXTRAS && { propagation: propagators(documents), sampler: ratio(1), streams }),
}));

export default {
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
