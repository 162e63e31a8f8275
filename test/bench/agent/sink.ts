import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';

/** Takes what any agent sends anywhere, and counts it. */
export interface Sink {
  origin: string;
  /** What `/agent.js` answers: a page gets its agent from where it sends to. */
  script: string;
  /** Bodies as they came over the wire. */
  bytes(): number;
  /** Which of the paths `/api/items/<n>` were told of. */
  items(): Set<string>;
  close(): Promise<void>;
}

export async function startSink(): Promise<Sink> {
  const items = new Set<string>();
  let bytes = 0;
  const server = createServer(async (request, response) => {
    if (request.url === '/agent.js') {
      response
        .writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' })
        .end(sink.script);
      return;
    }
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      // expected: a page that is left cuts what it was sending
    }
    const raw = Buffer.concat(parts);
    bytes += raw.length;
    for (const [item] of readable(raw).matchAll(/\/api\/items\/\d+/g)) items.add(item);
    response.writeHead(200, {
      'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
      'access-control-allow-credentials': 'true',
      'content-type': 'application/json',
    });
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink: Sink = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: '',
    bytes: () => bytes,
    items: () => items,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return sink;
}

function readable(raw: Buffer): string {
  try {
    if (raw[0] === 0x1f && raw[1] === 0x8b) return gunzipSync(raw).toString();
    if (raw[0] === 0x78) return inflateSync(raw).toString();
  } catch {
    // expected: what was cut off cannot be unpacked; its bytes count all the same
  }
  return raw.toString();
}
