import { instrument } from 'throughline/worker';

interface Env {
  COLLECTOR: string;
  ORIGIN: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '/json': 'application/json',
  '/lines': 'application/x-ndjson',
  '/bytes': 'application/octet-stream',
  '/pipe': 'text/plain',
};

/** Bodies of two halves; the second is made when the origin answers. */
const handler = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    const encoder = new TextEncoder();
    let isBegun = false;
    const pull = async (controller: ReadableStreamDefaultController | ReadableByteStreamController): Promise<void> => {
      if (isBegun) await fetch(`${env.ORIGIN}/gate`);
      controller.enqueue(encoder.encode(isBegun ? '{"b":2}]' : '[{"a":1},'));
      if (isBegun) controller.close();
      isBegun = true;
    };
    const made = pathname === '/bytes' ? new ReadableStream({ type: 'bytes', pull }) : new ReadableStream({ pull });
    const body = pathname === '/pipe' ? made.pipeThrough(new TransformStream()) : made;
    return new Response(body, { headers: { 'content-type': TYPES[pathname] as string } });
  },
};

export default instrument(handler, (env: Env) => ({ service: 'streams', collector: env.COLLECTOR }));
