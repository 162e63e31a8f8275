import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MAKERS } from './ground-truth.ts';
import { PAGE_KEY } from './running-collector.ts';

/** How a page is served; rides in its query. */
export interface PageOptions {
  /** Script that runs before the agent. */
  before?: string;
  /** Script that runs after the agent is there. */
  after?: string;
  /** The page's Content-Security-Policy. */
  csp?: string;
  /** What the page's `POST /told` are filed under. */
  tag?: string;
}

/** The site under test: pages with the agent, and a few bad habits of real sites. */
export interface FaultSite {
  origin: string;
  address(collector: string, options?: PageOptions): string;
  /** What pages without a debugger told with `POST /told`, by their tag. */
  told(tag: string): readonly string[];
  close(): Promise<void>;
}

/** `/` is a page with the agent, `/elsewhere` one without, `/hold` never answers, `/worker.js` swallows every POST. */
export async function startFaultSite(): Promise<FaultSite> {
  const agent = readFileSync('dist/throughline.js');
  const held = new Set<ServerResponse>();
  const told = new Map<string, string[]>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const send = (type: string, body: string | Buffer, headers: Record<string, string> = {}) =>
      response.writeHead(200, { 'content-type': type, ...headers }).end(body);
    if (pathname === '/told') {
      let text = '';
      request.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      request.on('end', () => {
        const tag = searchParams.get('tag') ?? '';
        told.set(tag, [...(told.get(tag) ?? []), text]);
        response.writeHead(204).end();
      });
      return;
    }
    request.resume();
    if (pathname === '/throughline.js') send('text/javascript', agent);
    else if (pathname === '/worker.js') send('text/javascript', SWALLOWING_WORKER);
    else if (pathname === '/hold') held.add(response);
    else if (pathname === '/elsewhere') send('text/html', '<!doctype html><title>elsewhere</title>');
    else if (pathname === '/') {
      const csp = searchParams.get('csp');
      send('text/html', pageOf(searchParams), csp ? { 'content-security-policy': csp } : {});
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    told: (tag) => told.get(tag) ?? [],
    address: (collector, options = {}) => `${origin}/?${new URLSearchParams({ collector, ...options })}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function pageOf(query: URLSearchParams): string {
  const script = (code: string | null) => (code ? `<script>${code}</script>` : '');
  return `<!doctype html><title>page</title>${script(query.get('before'))}
<script src="/throughline.js" data-key="${PAGE_KEY}" data-service="shop-web" data-collector="${query.get('collector')}"></script>
${script(MAKERS)}${script(query.get('after'))}<a href="/elsewhere">elsewhere</a>`;
}

/** A site's service worker that answers every POST with a network error of its own making. */
const SWALLOWING_WORKER = `
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(Promise.resolve(Response.error()));
});
`;
