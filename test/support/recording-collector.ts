import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { OtlpLogRecord, OtlpPayload, OtlpSpan } from '../../src/wire/otlp.ts';

export interface RecordedRequest {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  /** Bytes of the body as sent. */
  wireBytes: number;
  body: OtlpPayload & { sentAt?: number };
  atMs: number;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

type Decision = Answer | 'reset' | 'hang' | undefined;

/** A server that keeps every request as it came, dedupes nothing, and answers as a test tells it. */
export interface RecordingCollector {
  origin: string;
  requests: RecordedRequest[];
  /** Decides the answer of each request from now on; `undefined` answers 200, `'reset'` cuts the connection, and a promise makes it wait. */
  answer(decide: (request: RecordedRequest, index: number) => Decision | Promise<Decision>): void;
  spans(): OtlpSpan[];
  logs(): OtlpLogRecord[];
  close(): Promise<void>;
}

/** Starts it on a free port of the loopback. `page` is served at every path but /otlp. */
export async function startRecordingCollector(page: () => string): Promise<RecordingCollector> {
  const requests: RecordedRequest[] = [];
  let decide: Parameters<RecordingCollector['answer']>[0] = () => undefined;

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname !== '/otlp') {
      response.writeHead(200, { 'content-type': 'text/html', 'access-control-allow-origin': '*' }).end(page());
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const raw = Buffer.concat(parts);
    const text = (raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw).toString();
    const recorded: RecordedRequest = {
      method: request.method ?? '',
      url,
      headers: request.headers,
      wireBytes: raw.length,
      body: text === '' ? {} : JSON.parse(text),
      atMs: Date.now(),
    };
    requests.push(recorded);
    const answer = (await decide(recorded, requests.length - 1)) ?? { status: 200, body: '{}' };
    if (answer === 'hang') return;
    if (answer === 'reset') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, {
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'Retry-After',
      'content-type': 'application/json',
      ...answer.headers,
    });
    response.end(answer.body ?? '{}');
  }

  const server = createServer((request, response) => {
    onRequest(request, response).catch((error) => {
      // A page that is gone cuts its upload; anything else is a fault of the test and must show.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer(next) {
      decide = next;
    },
    spans: () =>
      requests.flatMap(({ body }) =>
        (body.resourceSpans ?? []).flatMap(({ scopeSpans }) => (scopeSpans ?? []).flatMap(({ spans }) => spans ?? [])),
      ),
    logs: () =>
      requests.flatMap(({ body }) =>
        (body.resourceLogs ?? []).flatMap(({ scopeLogs }) =>
          (scopeLogs ?? []).flatMap(({ logRecords }) => logRecords ?? []),
        ),
      ),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
