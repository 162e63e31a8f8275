import process from 'node:process';

type Handler = (request: Request, bindings: never) => Response | Promise<Response>;

interface Platform {
  Deno?: {
    serve(options: { hostname: string; port: number; onListen(at: { port: number }): void }, handler: Handler): unknown;
  };
  Bun?: { serve(options: { hostname: string; port: number; fetch: Handler; websocket: object }): { port: number } };
}

/** Serves on a free port of loopback as Deno's, Bun's and Node's users do; says the port on stdout. */
export async function listen(handler: Handler): Promise<void> {
  const { Deno, Bun } = globalThis as Platform;
  const where = { hostname: '127.0.0.1', port: 0 };
  const tell = ({ port }: { port: number }): boolean => process.stdout.write(`${port}\n`);
  if (Deno) Deno.serve({ ...where, onListen: tell }, handler);
  else if (Bun) tell(Bun.serve({ ...where, fetch: handler, websocket: (await import('hono/bun')).websocket }));
  else {
    const [{ serve }, { WebSocketServer }] = await Promise.all([import('@hono/node-server'), import('ws')]);
    // Its options are optional to it and required to the server.
    const websocket = { server: new WebSocketServer({ noServer: true }) as never };
    serve({ ...where, fetch: handler as never, websocket }, tell);
  }
  // The tests are gone.
  process.stdin.resume().on('end', () => process.exit());
}
