import { createFetcher, type Env } from './create-fetcher.ts';

interface Platform {
  process: { env: unknown };
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
}

interface FetchEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}

/** As on Vercel Edge and Fastly, where a request is an event. */
const platform = globalThis as unknown as Platform;
const handler = createFetcher(() => platform.process.env as Env);
platform.addEventListener('fetch', (event) => event.respondWith(handler(event.request, event as never)));
