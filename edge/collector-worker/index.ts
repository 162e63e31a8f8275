import type { ObjectContext } from '../store/durable-object/platform.ts';
import { TraceShard as StoreShard } from '../store/durable-object/trace-shard.ts';
import { createWorkerCollector, type WorkerCollector } from './create-worker-collector.ts';
import { LossLedgerObject } from './ledger-object.ts';
import { ledgerStub } from './remote-ledger.ts';
import { report } from './report.ts';
import { type CollectorEnv, InvalidSettingError, shardSettings } from './settings.ts';

/** A Durable Object's class, as the Worker's configuration names it. */
export type ObjectClass = new (ctx: never, env: never) => object;

/** Keeps the traces of one shard; bound as `TRACE_SHARDS`. */
export const TraceShard: ObjectClass = class extends StoreShard {
  constructor(ctx: ObjectContext, env: CollectorEnv) {
    const expired = (records: number) => ledgerStub(env.LOSS_LEDGER).book([{ atMs: Date.now(), expired: records }]);
    super(ctx, env, shardSettings(env), { report, expired });
  }
};

/** Keeps the loss ledger; bound as `LOSS_LEDGER`. */
export const LossLedger: ObjectClass = LossLedgerObject;

let collector: WorkerCollector | undefined;

/**
 * The collector as a Worker. Its bindings say how it is set up.
 * @example export { default, LossLedger, TraceShard } from 'throughline/collector-worker';
 */
const worker: { fetch(request: Request, env: unknown): Promise<Response> } = {
  async fetch(request, env) {
    try {
      collector ??= createWorkerCollector(env as CollectorEnv);
    } catch (error) {
      if (!(error instanceof InvalidSettingError)) throw error;
      report(error.message);
      return Response.json({ error: 'This collector is not set up: its log says what is missing.' }, { status: 500 });
    }
    const response = await collector.app.fetch(request, env as CollectorEnv);
    // Before the answer, so that who was told "stored" is in the books.
    if (request.method === 'POST') await collector.ledger.flush();
    return response;
  },
};

export default worker;
