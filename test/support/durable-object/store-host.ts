import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { InvalidFilterError } from '../../../edge/store/search.ts';
import { StoreUnavailableError, type TraceStore } from '../../../edge/store/trace-store.ts';
import { fromJson, toJson } from './json-wire.ts';
import type { StoreAnswer, StoreCall } from './store-worker.ts';

export interface StoreHostOptions {
  /** Where objects are kept across hosts. Default: in memory. */
  persistTo?: string;
}

export interface RemoteOptions {
  place: string;
  shards: [number, ...number[]];
  settings?: { retentionMs?: number; maxBytes?: number; quietMs?: number };
}

/** A test sends hundreds of batches at once; a listening socket lets only so many wait. */
const MAX_CONNECTIONS = 32;

/** Classes do not survive the way; their names do. */
const ERRORS = [StoreUnavailableError, InvalidFilterError];

/** A worker in workerd that runs the store on real Durable Objects, and what a test holds of it. */
export interface StoreHost {
  /** Opens a store; its objects begin anew from what they have on disk. */
  open(options: RemoteOptions): Promise<TraceStore>;
  /** How many batches of a place lie in no block yet. */
  journalRows(options: Pick<RemoteOptions, 'place' | 'shards'>): Promise<number>;
  stop(): Promise<void>;
}

export async function startStoreHost({ persistTo }: StoreHostOptions = {}): Promise<StoreHost> {
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    modules: true,
    script: await bundle(),
    compatibilityDate: '2026-07-01',
    compatibilityFlags: ['nodejs_compat'],
    durableObjects: { SHARDS: { className: 'TestShard', useSQLite: true } },
    ...(persistTo !== undefined && { durableObjectsPersist: persistTo }),
  });
  const { origin } = await miniflare.ready;
  const agent = new Agent({ maxSockets: MAX_CONNECTIONS });
  const call = async (what: StoreCall): Promise<unknown> => {
    const answer = fromJson(await post(origin, toJson(what), agent)) as StoreAnswer;
    if (!('error' in answer)) return answer.value;
    const { name, message } = answer.error;
    const Kind = ERRORS.find((kind) => kind.name === name) ?? Error;
    throw new Kind(message);
  };
  return {
    async open({ place, shards, settings = {} }) {
      const handle = randomUUID();
      const pending = new Set<Promise<unknown>>();
      const method =
        (name: keyof TraceStore) =>
        (...args: unknown[]): Promise<never> => {
          const answer = call({ place, handle, shards, method: name, args });
          const done = answer.catch(() => undefined).finally(() => pending.delete(done));
          pending.add(done);
          return answer as Promise<never>;
        };
      await call({ place, handle, shards, method: 'restart', args: [settings] });
      const close = method('close');
      return {
        append: method('append'),
        trace: method('trace'),
        search: method('search'),
        sessions: method('sessions'),
        statistics: method('statistics'),
        stats: method('stats'),
        expire: method('expire'),
        remove: method('remove'),
        async close() {
          // Requests overtake each other on their way; what was asked for before comes before.
          await Promise.all(pending);
          await close();
        },
      };
    },
    journalRows: ({ place, shards }) =>
      call({ place, handle: '', shards, method: 'journalRows', args: [] }) as Promise<number>,
    stop: () => miniflare.dispose(),
  };
}

function post(url: string, body: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent }, (response) => {
      text(response).then(
        (answer) => (response.statusCode === 200 ? resolve(answer) : reject(new Error(answer))),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('store-worker.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker'],
    external: ['node:*', 'cloudflare:*'],
    tsconfigRaw: {},
  });
  return (result.outputFiles[0] as { text: string }).text;
}
