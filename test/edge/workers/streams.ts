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
  '/identity': 'text/plain',
};

declare const IdentityTransformStream: typeof TransformStream;

/** A body that goes on until nobody reads it. */
function endless(type: string, { ORIGIN }: Env): Response | Promise<Response> {
  if (type === 'fetched') return fetch(`${ORIGIN}/endless`);
  const source = {
    async pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      controller.enqueue(new TextEncoder().encode('on and on '));
    },
    cancel: () => fetch(`${ORIGIN}/stopped/${type}`).then(() => undefined),
  };
  return new Response(new ReadableStream(type === 'bytes' ? { ...source, type } : source));
}

/** Bodies of two halves; the second is made when the origin answers. The halves of `/fetched` are the origin's own. */
const handler = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/endless/')) return endless(pathname.slice(9), env);
    if (pathname === '/fetched') return fetch(`${env.ORIGIN}/halves`);
    const encoder = new TextEncoder();
    let isBegun = false;
    const pull = async (controller: ReadableStreamDefaultController | ReadableByteStreamController): Promise<void> => {
      if (isBegun) await fetch(`${env.ORIGIN}/gate`);
      controller.enqueue(encoder.encode(isBegun ? '{"b":2}]' : '[{"a":1},'));
      if (isBegun) controller.close();
      isBegun = true;
    };
    const made = pathname === '/bytes' ? new ReadableStream({ type: 'bytes', pull }) : new ReadableStream({ pull });
    let body: ReadableStream = made;
    if (pathname === '/pipe') body = made.pipeThrough(new TransformStream());
    if (pathname === '/identity') body = made.pipeThrough(new IdentityTransformStream());
    return new Response(body, { headers: { 'content-type': TYPES[pathname] as string } });
  },
};

export default instrument(handler, (env: Env) => ({ service: 'streams', collector: env.COLLECTOR }));
