import { bindings, flush, instrument, ledger } from 'throughline/cloudflare';

// biome-ignore lint/suspicious/noExplicitAny: the platform's bindings have no types here
type Env = Record<string, any>;

const failure = (error: Error): string => `${error.name}: ${error.message}`;

const traced = instrument(
  {
    async fetch(request: Request, env: Env): Promise<Response> {
      const { pathname } = new URL(request.url);
      const messages = [{ role: 'user', content: 'secret-42' }];
      switch (pathname) {
        case '/chat':
          return Response.json([await env['AI'].run('@cf/meta/llama', { messages }), env['AI'].lastRequestId]);
        case '/stream':
          return new Response(await env['AI'].run('@cf/meta/llama', { messages, stream: true }));
        case '/embed':
          return Response.json(await env['AI'].run('@cf/baai/bge', { text: ['secret-42'] }));
        case '/fails':
          return new Response(await env['AI'].run('@cf/broken', { prompt: 'secret-42' }).catch(failure));
        case '/vectors':
          return Response.json([
            await env['VECTORS'].insert([{ id: 'a', values: [1, 2, 3] }]),
            await env['VECTORS'].query([1, 2, 3], { topK: 1 }),
            await env['VECTORS'].deleteByIds(['broken']).catch(failure),
          ]);
        default:
          await flush();
          return Response.json(ledger());
      }
    },
  },
  (env: Env) => ({ service: 'models', collector: env['COLLECTOR'], traceEnv: bindings() }),
);

export default traced;
