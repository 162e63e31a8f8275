import { logKey } from '../encoding/fingerprint.ts';
import { type AcceptedBatch, type AppendResult, StoreUnavailableError } from '../trace-store.ts';
import type { ShardStub, Shards } from './shards.ts';
import { encodeBatch, type ShardChooser, splitBatch } from './split-batch.ts';

/**
 * Sends every shard its part of a batch and answers when all of them have it on disk. When one fails the others keep
 * theirs: the sender sends all of it again, and what is there already is counted once.
 * @throws {StoreUnavailableError}
 */
export async function appendToShards(shards: Shards, batch: AcceptedBatch): Promise<AppendResult> {
  const total = { storedSpans: 0, storedLogs: 0, duplicateSpans: 0, duplicateLogs: 0, conflictingSpans: 0 };
  const parts = splitBatch(batch, await chooseShards(shards, batch));
  await Promise.all(
    [...parts].map(async ([name, part]) => {
      const result = await append(shards.get(name), encodeBatch(batch, part));
      for (const [count, value] of Object.entries(result)) total[count as keyof AppendResult] += value;
    }),
  );
  return total;
}

async function append(shard: ShardStub, record: Uint8Array): Promise<AppendResult> {
  let reason: unknown;
  try {
    const answer = await shard.append(record);
    if ('result' in answer) return answer.result;
    reason = answer.unavailable;
  } catch (error) {
    reason = error;
  }
  throw new StoreUnavailableError(`A shard cannot take its part: ${String(reason)}.`, { cause: reason });
}

// What a shard of an older generation began, it keeps: a trace never lies in two, and what comes again is found.
async function chooseShards(shards: Shards, batch: AcceptedBatch): Promise<ShardChooser> {
  const { current } = shards;
  if (shards.older.length === 0) return current;
  const traceIds = new Set(batch.spans.map(({ span }) => span.traceId));
  const looseKeys = new Set<string>();
  for (const record of batch.logs) {
    if (record.log.traceId) traceIds.add(record.log.traceId);
    else looseKeys.add(logKey(record));
  }
  const kept = new Map<string, string>();
  for (const generation of shards.older) {
    const asked = new Map<string, { traceIds: string[]; looseKeys: string[] }>();
    const questionFor = (name: string) => {
      const question = asked.get(name) ?? { traceIds: [], looseKeys: [] };
      asked.set(name, question);
      return question;
    };
    for (const traceId of traceIds) questionFor(generation.trace(traceId)).traceIds.push(traceId);
    for (const key of looseKeys) questionFor(generation.looseLog(key)).looseKeys.push(key);
    await Promise.all(
      [...asked].map(async ([name, question]) => {
        const held = await shards.get(name).holds(question.traceIds, question.looseKeys);
        for (const id of [...held.traceIds, ...held.looseKeys]) kept.set(id, name);
      }),
    );
  }
  return {
    trace: (traceId) => kept.get(traceId) ?? current.trace(traceId),
    looseLog: (key) => kept.get(key) ?? current.looseLog(key),
  };
}
