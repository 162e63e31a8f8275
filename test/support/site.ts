import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SiteRequest {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
}

export interface SiteOptions {
  /** The document at a path; the script tag of the agent is the test's to write. */
  page?: (url: URL) => string;
  /** Headers of documents. */
  headers?: (url: URL) => Record<string, string>;
  /** Headers of everything under /api, CORS for one. */
  apiHeaders?: (request: SiteRequest) => Record<string, string>;
}

/** A website on a free loopback port that keeps what it was asked. */
export interface Site {
  origin: string;
  requests: SiteRequest[];
  /** The requests for one path, in order. */
  asked(path: string): SiteRequest[];
  close(): Promise<void>;
}

/**
 * Serves documents, the built agent at /throughline.js, and an API: `/api/…?status=&delayMs=&bytes=&redirect=` answers
 * JSON so late, with that status, that many more bytes, or elsewhere; `/api/….svg` is a picture; `/api/stream?chunks=&everyMs=` sends text bit by bit.
 */
export async function startSite({ page, headers, apiHeaders }: SiteOptions): Promise<Site> {
  const requests: SiteRequest[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const seen = { method: request.method ?? '', url, headers: request.headers };
    requests.push(seen);
    for await (const _ of request); // a body must be read before the connection is used again
    if (/^\/[\w.-]+\.js(\.map)?$/.test(url.pathname)) {
      response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
      response.end(readFileSync(`dist${url.pathname}`));
    } else if (url.pathname.startsWith('/api/')) await answerApi(url, response, apiHeaders?.(seen) ?? {});
    else if (url.pathname === '/favicon.ico') response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': 'text/html', ...headers?.(url) }).end(page?.(url) ?? '');
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      // A page that is gone cuts its connection; anything else is a fault of the test and must show.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    asked: (path) => requests.filter(({ url }) => url.pathname === path),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function answerApi(url: URL, response: ServerResponse, headers: Record<string, string>): Promise<void> {
  const number = (name: string) => Number(url.searchParams.get(name) ?? 0);
  const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  if (number('delayMs') > 0) await delay(number('delayMs'));
  const redirect = url.searchParams.get('redirect');
  if (redirect) {
    response.writeHead(number('status') || 302, { location: redirect, ...headers }).end();
  } else if (url.pathname.endsWith('.svg')) {
    // Padded: what has few bytes for its size does not count as content to Chromium.
    const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><!--${'x'.repeat(2000)}--><rect width="100%" height="100%"/></svg>`;
    response.writeHead(200, { 'content-type': 'image/svg+xml', ...headers }).end(picture);
  } else if (url.pathname === '/api/stream') {
    response.writeHead(200, { 'content-type': url.searchParams.get('type') ?? 'text/plain', ...headers });
    for (let i = 0; i < number('chunks'); i++) {
      if (response.destroyed) return;
      response.write(`data: ${i}\n\n`);
      await delay(number('everyMs'));
    }
    response.end();
  } else {
    const body = JSON.stringify({ path: url.pathname, fill: 'x'.repeat(number('bytes')) });
    const status = number('status') || 200;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(status === 204 ? '' : body);
  }
}
