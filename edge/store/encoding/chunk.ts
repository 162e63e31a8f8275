import type { SpanId, TraceId } from '../../../src/wire/ids.ts';
import type { LogRecord, ResourceRecord, ScopeRecord, SpanRecord } from '../../otlp/records.ts';
import type { Trust } from '../trace-store.ts';
import { ShapeReader, ShapeWriter } from './attribute-shapes.ts';
import { ByteReader, DamagedDataError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readResource, readScope, writeResource, writeScope } from './envelope.ts';
import { readLog, writeLog } from './log.ts';
import { type EnvelopePlace, readSpan, writeSpan } from './span.ts';
import { readTimeBase, timeBase, writeTimeBase } from './time.ts';

/**
 * What one batch brought of one trace. A chunk stands by itself (its resources and scopes are in it), so that the
 * journal, blocks and merges of late spans move chunks as bytes and never decode them.
 */
export interface Chunk {
  /** Ids as plain bytes: they do not compress, and next to text they spoil its compression. */
  ids: Buffer;
  body: Buffer;
}

export interface ChunkContent {
  trust: Trust;
  spans: SpanRecord[];
  logs: LogRecord[];
}

/** Places of spans by id, for `ChunkEncoder.encode`. */
export function ordinalsOf(spans: readonly SpanRecord[]): Map<SpanId, number> {
  return new Map(spans.map(({ span }, ordinal) => [span.spanId, ordinal]));
}

/** Whether a chunk holds a span, and whose it is, without decoding it. */
export function chunkOwner(chunk: Chunk, spanCount: number, spanId: Uint8Array): Trust | undefined {
  return chunkHolds(chunk, spanCount, spanId, 0) ? chunkTrust(chunk) : undefined;
}

/** Whether a chunk holds the span whose id stands at a place in `spanIds`. */
export function chunkHolds({ ids }: Chunk, spanCount: number, spanIds: Uint8Array, place: number): boolean {
  const first = spanIds[place];
  for (let at = 0, end = spanCount * 8; at < end; at += 8) {
    if (ids[at] !== first) continue;
    let same = 1;
    while (same < 8 && ids[at + same] === spanIds[place + same]) same += 1;
    if (same === 8) return true;
  }
  return false;
}

export function chunkTrust(chunk: Chunk): Trust {
  return chunk.body[0] === 1 ? 'trusted' : 'public';
}

/** Writes chunks; one encoder holds the buffers and is used over and over. */
export class ChunkEncoder {
  readonly ids = new ByteWriter();
  readonly body = new ByteWriter();
  readonly #resource = new ByteWriter(4096);
  #resourceRecord: ResourceRecord | undefined;

  /**
   * Leaves the chunk in `ids` and `body` until the next call.
   * @param ordinals place of each span in `content.spans` by its id
   */
  encode(content: ChunkContent, ordinals: ReadonlyMap<SpanId, number>): void {
    const { ids, body } = this;
    ids.reset();
    body.reset();
    body.byte(content.trust === 'trusted' ? 1 : 0);
    const places = new EnvelopePlaces();
    for (const record of content.spans) places.add(record);
    for (const record of content.logs) places.add(record);
    this.#writeEnvelopes(places);
    body.varint(content.spans.length);
    body.varint(content.logs.length);
    for (const { span } of content.spans) ids.hex(span.spanId);
    const base = timeBase(firstTime(content));
    writeTimeBase(body, base);
    const context = { body, ids, base, ordinals, shapes: new ShapeWriter() };
    for (const record of content.spans) writeSpan(context, record.span, places.change(record));
    for (const record of content.logs) writeLog(context, record.log, places.change(record));
  }

  #writeEnvelopes(places: EnvelopePlaces): void {
    this.body.varint(places.resources.length);
    for (const resource of places.resources) {
      // Backends send many traces of one resource in a batch.
      if (resource !== this.#resourceRecord) {
        this.#resource.reset();
        writeResource(this.#resource, resource);
        this.#resourceRecord = resource;
      }
      this.body.raw(this.#resource.view());
    }
    this.body.varint(places.scopes.length);
    for (const scope of places.scopes) writeScope(this.body, scope);
  }
}

function firstTime({ spans, logs }: ChunkContent): string {
  const log = logs[0]?.log;
  return spans[0]?.span.startTimeUnixNano ?? log?.timeUnixNano ?? log?.observedTimeUnixNano ?? '0';
}

/** Finds a record's resource and scope among the chunk's; most chunks have one or two. */
class EnvelopePlaces {
  readonly resources: ResourceRecord[] = [];
  readonly scopes: ScopeRecord[] = [];
  #last: EnvelopePlace = { resource: 0, scope: 0 };

  add({ resource, scope }: SpanRecord | LogRecord): void {
    if (!this.resources.includes(resource)) this.resources.push(resource);
    if (!this.scopes.includes(scope)) this.scopes.push(scope);
  }

  /** The record's place when it is not that of the record before. */
  change(record: SpanRecord | LogRecord): EnvelopePlace | undefined {
    const { resource, scope } = this.#last;
    if (this.resources[resource] === record.resource && this.scopes[scope] === record.scope) return undefined;
    this.#last = { resource: this.resources.indexOf(record.resource), scope: this.scopes.indexOf(record.scope) };
    return this.#last;
  }
}

/**
 * The records of a chunk of `traceId` ('' for log records without a trace), in the order they came.
 * @throws {DamagedDataError} when the bytes are not a whole chunk.
 */
export function decodeChunk(chunk: Chunk, traceId: TraceId | ''): ChunkContent {
  const body = new ByteReader(chunk.body);
  const ids = new ByteReader(chunk.ids);
  const trust = body.byte() === 1 ? 'trusted' : 'public';
  const resources = readMany(body, readResource);
  const scopes = readMany(body, readScope);
  const spanCount = body.varint();
  const logCount = body.varint();
  const spanIds: SpanId[] = [];
  for (let i = 0; i < spanCount; i += 1) spanIds.push(ids.hex(8));
  const context = { body, ids, base: readTimeBase(body), spanIds, shapes: new ShapeReader() };
  let place: EnvelopePlace = { resource: 0, scope: 0 };
  const envelope = (change: EnvelopePlace | undefined): { resource: ResourceRecord; scope: ScopeRecord } => {
    place = change ?? place;
    const resource = resources[place.resource];
    const scope = scopes[place.scope];
    if (!resource || !scope) throw new DamagedDataError('A record names a resource that is not there.');
    return { resource, scope };
  };
  const spans = spanIds.map((spanId) => {
    const read = readSpan(context, { traceId, spanId });
    return { ...envelope(read.envelope), span: read.span };
  });
  const logs: LogRecord[] = [];
  for (let i = 0; i < logCount; i += 1) {
    const read = readLog(context, traceId);
    logs.push({ ...envelope(read.envelope), log: read.log });
  }
  return { trust, spans, logs };
}

function readMany<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const count = reader.varint();
  const items: T[] = [];
  for (let i = 0; i < count; i += 1) items.push(read(reader));
  return items;
}
