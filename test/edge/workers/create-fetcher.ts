import { trace } from '@opentelemetry/api';
import { flush, instrument, ledger } from 'throughline/worker';

export interface Env {
  COLLECTOR: string;
  ORIGIN: string;
}

type Answer = (request: Request, ...rest: never[]) => Promise<Response>;

/** A worker that is a function of a request, as every fetch-style platform takes one. */
export function createFetcher(env: (bindings: unknown) => Env): Answer {
  async function answer(request: Request, bindings?: unknown): Promise<Response> {
    const { ORIGIN } = env(bindings);
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/throw':
        throw new RangeError('left as it is');
      case '/stream': {
        let count = 0;
        const body = new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 40));
            controller.enqueue(new TextEncoder().encode(`data: ${count++}\n\n`));
            if (count === 3) controller.close();
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      }
      case '/later': {
        await Promise.resolve();
        await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get('ms'))));
        const seen = await (await fetch(`${ORIGIN}/echo`)).json();
        return Response.json({ seen, active: trace.getActiveSpan()?.spanContext() });
      }
      default:
        return new Response('ready');
    }
  }
  const traced = instrument(answer, (given) => ({
    service: 'fetcher',
    collector: (given as Env).COLLECTOR,
    propagateTo: [(given as Env).ORIGIN],
    route: (request) => new URL(request.url).pathname,
  }));
  return async (request, ...rest) => {
    if (new URL(request.url).pathname === '/ledger') {
      await flush();
      return Response.json(ledger());
    }
    try {
      return await (traced as Answer)(request, ...rest);
    } catch (error) {
      return new Response(`${(error as Error).name}: ${(error as Error).message}`, { status: 599 });
    }
  };
}
