import { openDurableObjectStore } from '../../../edge/store/durable-object/open-durable-object-store.ts';
import type { ObjectContext, ObjectNamespace } from '../../../edge/store/durable-object/platform.ts';
import { DEFAULT_SHARD_SETTINGS, type ShardSettings } from '../../../edge/store/durable-object/shard-settings.ts';
import type { ShardStub } from '../../../edge/store/durable-object/shards.ts';
import { TraceShard } from '../../../edge/store/durable-object/trace-shard.ts';
import type { TraceStore } from '../../../edge/store/trace-store.ts';
import { fromJson, toJson } from './json-wire.ts';

type TestContext = ObjectContext & {
  storage: { kv: { get(key: string): Partial<ShardSettings> | undefined; put(key: string, value: unknown): void } };
  abort(reason: string): void;
};

const host = { report: console.error, expired: () => Promise.resolve() };

/** The shard that ships, with settings a test gives, and a way to begin anew from what is on disk. */
export class TestShard extends TraceShard {
  readonly #context: TestContext;

  constructor(ctx: TestContext, env: unknown) {
    super(ctx, env, { ...DEFAULT_SHARD_SETTINGS, ...ctx.storage.kv.get('settings') }, host);
    this.#context = ctx;
  }

  /** Batches that lie in no block yet, as the object's own database has them. */
  journalRows(): number {
    const [row] = this.#context.storage.sql.exec('SELECT count(*) AS rows FROM journal');
    return Number(row?.rows);
  }

  async restart(settings: Partial<ShardSettings>): Promise<void> {
    this.#context.storage.kv.put('settings', settings);
    await this.#context.storage.sync();
    this.#context.abort('restarted by a test');
  }
}

interface TestStub extends ShardStub {
  restart(settings: Partial<ShardSettings>): Promise<void>;
  journalRows(): Promise<number>;
}

/** What a test asks the worker: one method of one store. */
export interface StoreCall {
  /** One set of shards, apart from all others. */
  place: string;
  /** One opened store. */
  handle: string;
  shards: [number, ...number[]];
  method: keyof TraceStore | 'restart' | 'journalRows';
  args: unknown[];
}

export type StoreAnswer = { value: unknown } | { error: { name: string; message: string } };

const stores = new Map<string, TraceStore>();

export default {
  async fetch(request: Request, env: { SHARDS: ObjectNamespace<TestStub> }): Promise<Response> {
    const call = fromJson(await request.text()) as StoreCall;
    const answer = await run(call, env.SHARDS).then(
      (value): StoreAnswer => ({ value }),
      ({ name, message }: Error): StoreAnswer => ({ error: { name, message } }),
    );
    return new Response(toJson(answer));
  },
};

async function run(
  { place, handle, shards, method, args }: StoreCall,
  all: ObjectNamespace<TestStub>,
): Promise<unknown> {
  const namespace = { getByName: (name: string) => all.getByName(`${place} ${name}`) };
  const names = shards.flatMap((count) => Array.from({ length: count }, (_, index) => `${count}/${index}`));
  if (method === 'journalRows') {
    const rows = await Promise.all(names.map((name) => namespace.getByName(name).journalRows()));
    return rows.reduce((sum, count) => sum + count, 0);
  }
  if (method === 'restart') {
    const settings = args[0] as Partial<ShardSettings>;
    // An object that restarts answers nobody any more, whoever asked included.
    await Promise.allSettled(names.map((name) => namespace.getByName(name).restart(settings)));
    return undefined;
  }
  const store = stores.get(handle) ?? openDurableObjectStore({ namespace, shards });
  stores.set(handle, store);
  return (store[method] as (...args: unknown[]) => Promise<unknown>).apply(store, args);
}
