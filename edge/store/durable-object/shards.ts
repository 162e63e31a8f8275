import { looseKey } from '../encoding/fingerprint.ts';
import type { ObjectNamespace } from './platform.ts';
import type { ShardChooser } from './split-batch.ts';
import type { TraceShard } from './trace-shard.ts';

type Method = Exclude<keyof TraceShard, 'alarm'>;

/** A shard as it is called from a Worker. */
export type ShardStub = {
  [M in Method]: (...args: Parameters<TraceShard[M]>) => Promise<Awaited<ReturnType<TraceShard[M]>>>;
};

/** All shards of a store. A generation is named by how many shards it has, so that changing the number begins a new one. */
export interface Shards {
  /** Where what is new goes. */
  current: ShardChooser & { size: number };
  /** Generations that are still read, and keep what belongs to their traces. */
  older: readonly ShardChooser[];
  get(name: string): ShardStub;
  /** Asks every shard of every generation, always in the same order. */
  ask<T>(question: (shard: ShardStub, index: number) => T | Promise<T>): Promise<T[]>;
  /** Asks those that may hold a trace. */
  askFor<T>(traceId: string, question: (shard: ShardStub) => Promise<T>): Promise<T[]>;
}

export function createShards(
  namespace: ObjectNamespace<ShardStub>,
  [count, ...olderCounts]: readonly [number, ...number[]],
): Shards {
  const current = generation(count);
  const older = olderCounts.map(generation);
  const names = [count, ...olderCounts].flatMap((size) => Array.from({ length: size }, (_, i) => shardName(size, i)));
  // A stub belongs to the request that made it, so every question makes its own.
  const get = (name: string): ShardStub => namespace.getByName(name);
  return {
    current,
    older,
    get,
    ask: (question) => Promise.all(names.map((name, i) => question(get(name), i))),
    askFor: (traceId, question) =>
      Promise.all([current, ...older].map((chooser) => question(get(chooser.trace(traceId))))),
  };
}

function generation(count: number): Shards['current'] {
  return {
    size: count,
    // The last digits, because some senders put the time into the first.
    trace: (traceId) => shardName(count, Number.parseInt(traceId.slice(-8), 16) % count),
    looseLog: (key) => shardName(count, looseKey(key) % count),
  };
}

function shardName(count: number, index: number): string {
  return `${count}/${index}`;
}
