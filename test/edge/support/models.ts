import { createServer } from 'node:http';
import { close, listen } from './sink.ts';

export interface Models {
  url: URL;
  close(): Promise<void>;
}

/**
 * What stands behind the bindings of Workers AI and Vectorize: the classes of both are workerd's own, which miniflare
 * connects to an account's. Answers what those services answer to the few calls of the tests.
 */
export async function startModels(): Promise<Models> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const called = request.headers['mf-url'];
      // Also opens a socket, for RPC that nobody calls.
      if (called === undefined) return response.writeHead(404).end();
      const { pathname } = new URL(String(called));
      const model = String(request.headers['mf-header-cf-consn-model-id']);
      const json = (status: number, answer: object): unknown =>
        response
          .writeHead(status, { 'content-type': 'application/json', 'cf-ai-req-id': 'request-7' })
          .end(JSON.stringify(answer));
      if (model === '@cf/broken') json(400, { internalCode: 5007, description: 'No such model', name: 'AiError' });
      else if (model === '@cf/baai/bge') json(200, { shape: [1, 2], data: [[0.5, 0.25]] });
      else if (pathname === '/run' && body.includes('"stream":true'))
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: one\n\ndata: two\n\n');
      else if (pathname === '/run')
        json(200, { response: 'an answer', usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 } });
      else if (pathname === '/insert') json(200, { mutationId: 'm1' });
      else if (pathname === '/query') json(200, { count: 1, matches: [{ id: 'a', score: 1 }] });
      else json(400, { code: 40_006, error: 'no such vector' });
    });
  });
  return { url: new URL(await listen(server)), close: () => close(server) };
}
