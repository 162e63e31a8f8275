import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OtlpPayload, OtlpResource, OtlpSpan } from '../../../src/wire/otlp.ts';
import { waitFor } from './wait-for.ts';

export interface Post {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** How the sink answers; by default as a collector does. */
export type Answer = (post: Post, response: ServerResponse) => void;

export interface SinkSpan extends OtlpSpan {
  resource: Record<string, unknown>;
  /** Attributes as a plain object. */
  attrs: Record<string, unknown>;
}

export interface Sink {
  url: string;
  posts: Post[];
  answer: Answer;
  /** All spans received so far. */
  spans(): SinkSpan[];
  /** Waits until `select` finds something in the spans received. */
  find<T>(select: (spans: SinkSpan[]) => T | undefined | false, what: string): Promise<T>;
  /** Waits for `count` spans of one trace. */
  trace(traceId: string, count: number): Promise<SinkSpan[]>;
  clear(): void;
  close(): Promise<void>;
}

/** An HTTP endpoint that records what a tracer posts to it. */
export async function startSink(): Promise<Sink> {
  const posts: Post[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const post = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      sink.answer(post, response);
    });
  });
  const sink: Sink = {
    url: await listen(server),
    posts,
    answer: accept,
    spans: () => posts.flatMap(({ body }) => spansOf(JSON.parse(body) as OtlpPayload)),
    find: (select, what) => waitFor(() => select(sink.spans()), what),
    trace: (traceId, count) =>
      sink.find((spans) => {
        const own = spans.filter((span) => span.traceId === traceId);
        return own.length >= count && own;
      }, `${count} spans of trace ${traceId}`),
    clear() {
      posts.length = 0;
      sink.answer = accept;
    },
    close: () => close(server),
  };
  function accept(post: Post, response: ServerResponse): void {
    posts.push(post);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
  return sink;
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function spansOf({ resourceSpans = [] }: OtlpPayload): SinkSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({ ...span, resource: plain(resource), attrs: plain(span) })),
    ),
  );
}

function plain(holder: OtlpResource | undefined): Record<string, unknown> {
  return Object.fromEntries(
    (holder?.attributes ?? []).map(({ key, value = {} }) => [key, Object.values(value)[0] as unknown]),
  );
}
