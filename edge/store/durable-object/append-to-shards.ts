import { logKey } from '../encoding/fingerprint.ts';
import type { PackedBatch } from '../packing/packed-batch.ts';
import { type AcceptedBatch, type AppendResult, StoreUnavailableError } from '../trace-store.ts';
import { encodeBatch, encodePacked, type ShardMessage } from './shard-message.ts';
import type { ShardStub, Shards } from './shards.ts';
import { type ShardChooser, splitBatch, splitPacked } from './split-batch.ts';

/**
 * Sends every shard its part of a batch and answers when all of them have it on disk. When one fails the others keep
 * theirs: the sender sends all of it again, and what is there already is counted once.
 * @throws {StoreUnavailableError}
 */
export async function appendToShards(shards: Shards, batch: AcceptedBatch): Promise<AppendResult> {
  const ids = { traceIds: new Set<string>(), looseKeys: new Set<string>() };
  // Where there is one generation, nobody has to be asked.
  if (shards.older.length > 0) {
    for (const { span } of batch.spans) ids.traceIds.add(span.traceId);
    for (const record of batch.logs) {
      if (record.log.traceId) ids.traceIds.add(record.log.traceId);
      else ids.looseKeys.add(logKey(record));
    }
  }
  const parts = splitBatch(batch, await chooseShards(shards, ids));
  return sendAll(
    shards,
    [...parts].map(([name, part]) => [name, encodeBatch(batch, part)]),
  );
}

/** `appendToShards` of a batch whose chunks are encoded: they go as they are. */
export async function appendPackedToShards(shards: Shards, batch: PackedBatch): Promise<AppendResult> {
  const traceIds = new Set(batch.traces.map(({ traceId }) => traceId));
  const parts = splitPacked(batch, await chooseShards(shards, { traceIds, looseKeys: new Set() }));
  return sendAll(
    shards,
    [...parts].map(([name, part]) => [name, encodePacked(batch, part)]),
  );
}

async function sendAll(shards: Shards, messages: readonly [name: string, ShardMessage][]): Promise<AppendResult> {
  const total = { storedSpans: 0, storedLogs: 0, duplicateSpans: 0, duplicateLogs: 0, conflictingSpans: 0 };
  const results = await Promise.all(messages.map(([name, message]) => send(shards.get(name), message)));
  for (const result of results) {
    for (const [count, value] of Object.entries(result)) total[count as keyof AppendResult] += value;
  }
  return total;
}

async function send(shard: ShardStub, message: ShardMessage): Promise<AppendResult> {
  let reason: unknown;
  try {
    const answer = await shard.append(message);
    if ('result' in answer) return answer.result;
    reason = answer.unavailable;
  } catch (error) {
    reason = error;
  }
  throw new StoreUnavailableError(`A shard cannot take its part: ${String(reason)}.`, { cause: reason });
}

// What a shard of an older generation began, it keeps: a trace never lies in two, and what comes again is found.
async function chooseShards(
  shards: Shards,
  { traceIds, looseKeys }: { traceIds: ReadonlySet<string>; looseKeys: ReadonlySet<string> },
): Promise<ShardChooser> {
  const { current } = shards;
  if (shards.older.length === 0) return current;
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
