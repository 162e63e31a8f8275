import type { LogRecord, ResourceRecord } from '../../otlp/records.ts';
import { BATCH_VERSION } from '../encoding/batch.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import type { Trust } from '../trace-store.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import { IntList } from './int-list.ts';
import { createKeyTable } from './key-word.ts';
import { packLog } from './pack-log.ts';
import { packSpan } from './pack-span.ts';
import type { PackedTrace } from './packed-batch.ts';
import { type PackedGroup, type PackedResource, sealResource } from './packed-envelope.ts';
import { ScannedRecord } from './scanned-record.ts';
import type { TextFilter } from './text-filter.ts';
import { TextPacker } from './text-packer.ts';
import { UNUSUAL } from './unusual.ts';

/** Requests of more traces go the general way. */
const MAX_TRACES = 4096;
/** Groups may be empty, two bytes each: a body of nothing else must not fill the memory. */
const MAX_RESOURCES = 4096;
/** Beyond this many, a map is asked. */
const MAX_SEARCHED = 16;
/** Buffers kept for the next request. */
const MAX_KEPT_BUILDERS = 64;
const MAX_KEPT_BYTES = 256 * 1024;

export interface SealOptions {
  receivedAtMs: number;
  trust: Trust;
  /** What is stored of a resource; `undefined` when the sender may not write it. */
  stamp: (resource: ResourceRecord) => ResourceRecord | undefined;
  /** What `stamp` depends on beside the resource. */
  stampKey: readonly unknown[];
  /** Records that start later, epoch seconds, are not for this way. */
  latestSeconds: number;
}

/**
 * Packs requests one after the other: between `begin` and `seal` nothing else may happen. Every method may throw
 * `UNUSUAL`, after which the request is to be handled the general way.
 */
export class RequestPacker {
  readonly record: ScannedRecord;
  readonly filter: TextFilter;
  spans = 0;
  logs = 0;
  /** Records of the scope that is set aside: they are not stored. */
  readonly aside: LogRecord[] = [];
  sentAtMs: number | undefined;
  readonly #texts: TextPacker;
  readonly #builders: ChunkBuilder[] = [];
  #used = 0;
  #last: ChunkBuilder | undefined;
  #byTrace: Map<string, ChunkBuilder> | undefined;
  readonly #resources: PackedResource[] = [];
  #latestSeconds = 0;
  readonly #out = new ByteWriter();
  readonly #hashes = new IntList();

  constructor(filter: TextFilter) {
    this.filter = filter;
    this.record = new ScannedRecord(createKeyTable(filter));
    this.#texts = new TextPacker(filter);
  }

  begin(bytes: Buffer): void {
    this.#texts.tidy();
    this.record.begin(bytes);
    this.spans = 0;
    this.logs = 0;
    this.aside.length = 0;
    this.sentAtMs = undefined;
    if (this.#builders.length > MAX_KEPT_BUILDERS) this.#builders.length = MAX_KEPT_BUILDERS;
    this.#used = 0;
    this.#last = undefined;
    this.#byTrace = undefined;
    this.#resources.length = 0;
    this.#latestSeconds = 0;
  }

  /** Lets go of the body. */
  end(): void {
    this.record.end();
    this.#resources.length = 0;
  }

  /** Takes a resource of which records follow. */
  addResource(resource: PackedResource): void {
    if (this.#resources.length === MAX_RESOURCES) throw UNUSUAL;
    this.#resources.push(resource);
  }

  /** Takes the span in `record`. */
  addSpan(group: PackedGroup): void {
    const { record } = this;
    const { startSeconds, endSeconds } = record;
    if ((record.span0 | record.span1) === 0 || startSeconds === 0 || endSeconds < startSeconds) throw UNUSUAL;
    if (endSeconds === startSeconds && record.endNanos < record.startNanos) throw UNUSUAL;
    const builder = this.#builderOf();
    // In a chunk spans stand before log records.
    if (builder.logs > 0) throw UNUSUAL;
    packSpan(builder, record, group);
    group.resource.isUsed = true;
    if (startSeconds > this.#latestSeconds) this.#latestSeconds = startSeconds;
    this.spans += 1;
  }

  /** Takes the log record in `record`. */
  addLog(group: PackedGroup): void {
    const { record } = this;
    const seconds = record.startSeconds || record.endSeconds;
    if (seconds === 0) throw UNUSUAL;
    packLog(this.#builderOf(), record, group);
    group.resource.isUsed = true;
    if (seconds > this.#latestSeconds) this.#latestSeconds = seconds;
    this.logs += 1;
  }

  /** What the journal keeps, and the chunks in it. */
  seal({ receivedAtMs, trust, stamp, stampKey, latestSeconds }: SealOptions): {
    record: Buffer;
    traces: PackedTrace[];
  } {
    if (this.#latestSeconds > latestSeconds) throw UNUSUAL;
    for (const resource of this.#resources) {
      if (resource.isUsed) sealResource(resource, stamp, stampKey);
    }
    const out = this.#out;
    out.reset();
    out.byte(BATCH_VERSION);
    out.varint(Math.max(0, Math.round(receivedAtMs)));
    const places: { ids: number; body: number; end: number }[] = [];
    for (let i = 0; i < this.#used; i += 1) places.push((this.#builders[i] as ChunkBuilder).finish(out, trust));
    const record = out.copy();
    const hashes = this.#sealHashes();
    const updatedMs = Math.round(receivedAtMs);
    const traces = places.map(({ ids, body, end }, i): PackedTrace => {
      const builder = this.#builders[i] as ChunkBuilder;
      const { traceId, state, requests, logs, logKeys, spanIds } = builder;
      state.updatedMs = updatedMs;
      return {
        traceId,
        ids: record.subarray(ids, body),
        body: record.subarray(body, end),
        spans: spanIds.length,
        logs,
        state,
        hashes: hashes[i] as Uint32Array,
        requests,
        logKeys: [...logKeys],
      };
    });
    for (let i = this.#used - 1; i >= 0; i -= 1) {
      if ((this.#builders[i] as ChunkBuilder).body.length > MAX_KEPT_BYTES) this.#builders.splice(i, 1);
    }
    return { record, traces };
  }

  // One array for all traces: thousands of small ones cost more memory than what is in them.
  #sealHashes(): Uint32Array[] {
    this.#hashes.length = 0;
    const ends: number[] = [];
    for (let i = 0; i < this.#used; i += 1) {
      this.#builders[i]?.addHashes(this.#hashes);
      ends.push(this.#hashes.length);
    }
    const all = this.#hashes.copy();
    return ends.map((end, i) => all.subarray(ends[i - 1] ?? 0, end));
  }

  #builderOf(): ChunkBuilder {
    const { record } = this;
    if (this.#last?.isOf(record)) return this.#last;
    const builder = this.#find() ?? this.#open(hexOf(record));
    this.#last = builder;
    return builder;
  }

  #find(): ChunkBuilder | undefined {
    if (this.#byTrace) return this.#byTrace.get(hexOf(this.record));
    for (let i = 0; i < this.#used; i += 1) if (this.#builders[i]?.isOf(this.record)) return this.#builders[i];
    return undefined;
  }

  #open(traceId: string): ChunkBuilder {
    const { trace0, trace1, trace2, trace3 } = this.record;
    if (this.#used === MAX_TRACES || (trace0 | trace1 | trace2 | trace3) === 0) throw UNUSUAL;
    let builder = this.#builders[this.#used];
    if (builder === undefined) {
      builder = new ChunkBuilder(this.#texts, this.filter);
      this.#builders.push(builder);
    }
    builder.begin(traceId, this.record);
    this.#used += 1;
    if (this.#byTrace) this.#byTrace.set(traceId, builder);
    else if (this.#used > MAX_SEARCHED) {
      this.#byTrace = new Map(this.#builders.slice(0, this.#used).map((known) => [known.traceId, known]));
    }
    return builder;
  }
}

const idBytes = Buffer.alloc(16);

function hexOf({ trace0, trace1, trace2, trace3 }: ScannedRecord): string {
  idBytes.writeInt32BE(trace0, 0);
  idBytes.writeInt32BE(trace1, 4);
  idBytes.writeInt32BE(trace2, 8);
  idBytes.writeInt32BE(trace3, 12);
  return idBytes.toString('hex');
}
