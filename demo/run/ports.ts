import { createServer } from 'node:net';

/** `port` when nobody listens there on loopback, else 0, which lets the system choose. */
export function portOrFree(port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0)); // expected: somebody listens there
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
