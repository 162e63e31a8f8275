/** The little of workerd's own module that the test workers use. */
declare module 'cloudflare:workers' {
  interface Storage {
    get(key: string): Promise<number | undefined>;
    put(key: string, value: number): Promise<void>;
    setAlarm(ms: number): Promise<void>;
  }
  interface ObjectContext {
    storage: Storage;
    acceptWebSocket(socket: WebSocket): void;
    waitUntil(promise: Promise<unknown>): void;
  }
  // biome-ignore lint/suspicious/noExplicitAny: the platform's bindings have no types here
  type Bindings = Record<string, any>;
  export class DurableObject {
    constructor(ctx: ObjectContext, env: Bindings);
    protected ctx: ObjectContext;
    protected env: Bindings;
  }
  export class WorkerEntrypoint {
    constructor(ctx: { waitUntil(promise: Promise<unknown>): void }, env: Bindings);
  }
}
