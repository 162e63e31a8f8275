import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net';

const ORIGIN_ANSWER = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello');

/** Answers every request head with the same bytes: as little of the machine as an origin can take. */
export async function startBenchOrigin(): Promise<{ url: string; close(): void }> {
  const server = createSocketServer((socket) => {
    let tail = '';
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      tail += chunk.toString('latin1');
      const heads = tail.split('\r\n\r\n');
      tail = heads.pop() ?? '';
      for (const _ of heads) socket.write(ORIGIN_ANSWER);
    });
  });
  return { url: await listen(server), close: () => server.close() };
}

export interface BenchSink {
  url: string;
  exports: number;
  bytes: number;
  spans: number;
  close(): void;
}

/** Takes what a tracer posts, whatever its format, and counts. */
export async function startBenchSink(): Promise<BenchSink> {
  const server: Server = createServer((request, response) => {
    sink.exports += 1;
    request.on('data', (chunk: Buffer) => {
      sink.bytes += chunk.byteLength;
      sink.spans += chunk.toString('latin1').split('"spanId"').length - 1;
    });
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  const sink: BenchSink = {
    url: await listen(server),
    exports: 0,
    bytes: 0,
    spans: 0,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return sink;
}

async function listen(server: SocketServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
