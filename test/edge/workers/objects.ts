import { DurableObject } from 'cloudflare:workers';
import { bindings, flush, instrument, ledger, type Options, traceClass } from 'throughline/cloudflare';

// biome-ignore lint/suspicious/noExplicitAny: the platform's bindings have no types here
type Env = Record<string, any>;

const options = (env: Env): Options => ({
  service: 'objects',
  collector: env['COLLECTOR'],
  traceEnv: bindings({ rpc: ['ROOM', 'SHELF'] }),
});

class RoomBase extends DurableObject {
  runs = 0;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  storage: any;
  constructor(ctx: ConstructorParameters<typeof DurableObject>[0], env: Env) {
    super(ctx, env);
    // As many apps do: it must be the one that is watched.
    this.storage = ctx.storage;
  }
  async wake(times: number): Promise<void> {
    this.runs = times;
    await this.storage.setAlarm(Date.now());
  }
  async alarm(): Promise<void> {
    this.runs -= 1;
    if (this.runs > 0) await this.storage.setAlarm(Date.now());
  }
  fetch(): Response {
    // @ts-expect-error: workerd's own
    const pair = new WebSocketPair();
    // @ts-expect-error: as above
    this.ctx.acceptWebSocket(pair[1], ['tag']);
    return new Response(null, { status: 101, webSocket: pair[0] } as ResponseInit);
  }
  webSocketMessage(socket: WebSocket, message: string): void {
    // @ts-expect-error: as above
    const tags = this.ctx.getTags(socket);
    socket.send(`${tags} ${message}`);
  }
  webSocketClose(socket: WebSocket, code: number): void {
    socket.close(code, 'as you like');
  }
}
export const Room = traceClass(RoomBase, options as never);

class FaultyBase extends DurableObject {
  tries = 0;
  async wake(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now());
  }
  alarm(): void {
    this.tries += 1;
    if (this.tries === 1) throw new RangeError('not yet');
  }
}
export const Faulty = traceClass(FaultyBase, options as never);

class ShelfBase extends DurableObject {
  async use(): Promise<unknown> {
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const storage = this.ctx.storage as any;
    await storage.put('k', 1);
    const inside = await storage.transaction(async (txn: Env) => {
      await txn.put('l', 2);
      return txn.get('k');
    });
    storage.sql.exec('CREATE TABLE IF NOT EXISTS people (name TEXT)');
    storage.sql.exec('INSERT INTO people VALUES (?)', 'ann');
    const rows = storage.sql.exec("SELECT name FROM people WHERE name <> 'secret-42'").toArray();
    const listed = [...(await storage.list()).keys()];
    const failure = await storage.put('x', () => 0).catch((error: Error) => error.name);
    const isPlatforms = storage instanceof Object.getPrototypeOf(this.ctx.storage).constructor;
    return { inside, rows, listed, failure, isPlatforms, size: typeof storage.sql.databaseSize };
  }
}
export const Shelf = traceClass(ShelfBase, options as never, { storage: true });
/** The same without the option. */
export const QuietShelf = traceClass(ShelfBase, options as never);

const traced = instrument(
  {
    async fetch(request: Request, env: Env): Promise<Response> {
      const { pathname } = new URL(request.url);
      const room = env['ROOM'].getByName(pathname);
      switch (pathname) {
        case '/alarm':
          await room.wake(2);
          return new Response('set');
        case '/alarm-fails':
          await env['FAULTY'].getByName('one').wake();
          return new Response('set');
        case '/socket':
          return room.fetch(request);
        case '/shelf':
          return Response.json(await env['SHELF'].getByName('one').use());
        default:
          return Response.json(await env['QUIET'].getByName('one').use());
      }
    },
  },
  options,
);

export default {
  ...traced,
  async fetch(request: Request, env: Env, ctx: unknown): Promise<Response> {
    if (new URL(request.url).pathname !== '/ledger')
      return (traced.fetch as (...args: unknown[]) => Promise<Response>)(request, env, ctx);
    await flush();
    return Response.json(ledger());
  },
};
