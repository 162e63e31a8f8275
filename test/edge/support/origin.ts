import { createServer, type IncomingHttpHeaders } from 'node:http';
import { close, listen } from './sink.ts';

export interface Seen {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Origin {
  url: string;
  seen: Seen[];
  clear(): void;
  close(): Promise<void>;
}

/**
 * A backend that records what reaches it. `/status/N` answers N, `/redirect/N?to=URL` redirects, `/hang` never answers,
 * `/cached` answers immutable HTML, anything else echoes the request as JSON.
 */
export async function startOrigin(): Promise<Origin> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://origin');
      const entry = {
        method: request.method ?? '',
        path: url.pathname,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(entry);
      const [, what, argument] = url.pathname.split('/');
      if (what === 'hang') return;
      if (what === 'status') response.writeHead(Number(argument)).end('status');
      else if (what === 'redirect')
        response.writeHead(Number(argument), { location: url.searchParams.get('to') ?? '/' }).end();
      else if (what === 'page')
        response.writeHead(200, { 'content-type': 'text/html', 'server-timing': 'db;dur=5' }).end('<p>origin');
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entry));
    });
  });
  const clear = (): void => {
    seen.length = 0;
  };
  return { url: await listen(server), seen, clear, close: () => close(server) };
}
