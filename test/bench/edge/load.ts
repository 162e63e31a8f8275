import { connect } from 'node:net';

/**
 * Sends `count` requests over `connections` connections, each waiting for its answer: a closed loop. Raw sockets,
 * because the generator shares the machine with what it measures.
 * @returns the time it took and each answer's latency, in ms
 */
export async function load(
  port: number,
  { count, connections }: { count: number; connections: number },
): Promise<{ elapsedMs: number; latenciesMs: number[] }> {
  const head = Buffer.from(
    `GET /products/7 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03\r\n\r\n`,
  );
  const latenciesMs: number[] = [];
  let left = count;
  const startMs = performance.now();
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let sentMs = 0;
      let text = '';
      const next = (): void => {
        if (left-- <= 0) {
          socket.end();
          resolve();
          return;
        }
        sentMs = performance.now();
        socket.write(head);
      };
      socket.setNoDelay(true);
      socket.on('connect', next);
      socket.on('error', reject);
      socket.on('close', () => (left > 0 ? reject(new Error('The worker closed a connection.')) : undefined));
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        const headEnd = text.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const length = /content-length: (\d+)/i.exec(text)?.[1];
        const isDone = length ? text.length >= headEnd + 4 + Number(length) : text.endsWith('\r\n0\r\n\r\n');
        if (!isDone) return;
        if (!text.startsWith('HTTP/1.1 200')) {
          reject(new Error(`The worker answered: ${text.slice(0, 200)}`));
          return;
        }
        latenciesMs.push(performance.now() - sentMs);
        text = '';
        next();
      });
    });
  await Promise.all(Array.from({ length: connections }, run));
  return { elapsedMs: performance.now() - startMs, latenciesMs };
}
