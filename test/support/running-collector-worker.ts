import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';
import type { IngestKey } from '../../edge/server.ts';

/** The Worker as it ships. */
const SCRIPT = 'dist/collector-worker.js';

export interface WorkerOptions {
  keys?: IngestKey[];
  readToken?: string;
  /** Bindings beyond keys and token, in place of the defaults. */
  env?: Record<string, string>;
  /** Where its objects are kept. Default: nowhere, they end with it. */
  persistTo?: string;
}

export interface RunningWorker {
  url: string;
  stop(): Promise<void>;
}

/** The collector as a Worker in workerd, on a free port. */
export async function runCollectorWorker(options: WorkerOptions = {}): Promise<RunningWorker> {
  const { keys = [], readToken, env = {}, persistTo } = options;
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port: 0,
    name: 'throughline-collector',
    modules: true,
    script: readFileSync(SCRIPT, 'utf8'),
    compatibilityDate: '2026-07-01',
    compatibilityFlags: ['nodejs_compat'],
    bindings: {
      THROUGHLINE_KEYS: JSON.stringify({ keys }),
      THROUGHLINE_LOCAL: '1',
      ...(readToken !== undefined && { THROUGHLINE_READ_TOKEN: readToken }),
      ...env,
    },
    durableObjects: {
      TRACE_SHARDS: { className: 'TraceShard', useSQLite: true },
      LOSS_LEDGER: { className: 'LossLedger', useSQLite: true },
    },
    ...(persistTo !== undefined && { durableObjectsPersist: persistTo }),
  });
  return { url: (await miniflare.ready).origin, stop: () => miniflare.dispose() };
}
