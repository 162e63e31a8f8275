import type { TraceId } from '../../../src/wire/ids.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import { writeEnvelopePlace } from '../encoding/span.ts';
import { type TimeBase, writeTimeBase } from '../encoding/time.ts';
import type { Measurement } from '../rollup.ts';
import { emptySummary, type SummaryState } from '../summary.ts';
import type { Trust } from '../trace-store.ts';
import { AttributePacker } from './attribute-packer.ts';
import { IntList } from './int-list.ts';
import { type PackedGroup, type PackedResource, type PackedScope, scopeBytes } from './packed-envelope.ts';
import type { ScannedRecord } from './scanned-record.ts';
import { SpanIds } from './span-ids.ts';
import type { TextFilter } from './text-filter.ts';
import type { TextPacker } from './text-packer.ts';
import { UNUSUAL } from './unusual.ts';

// As span-reference.ts has it.
const NONE = 0;
const EXPLICIT = 1;
const FIRST_ORDINAL = 2;
/** What a varint of two bytes can name. */
const MAX_SPANS = 128 * 128 - FIRST_ORDINAL;
const NOT_PATCHED = -1;

/**
 * The chunk of one trace while a body is read. A span often comes before its parent, so a reference that cannot be
 * resolved at once is a varint of two bytes, filled in when all spans are there.
 */
export class ChunkBuilder {
  traceId: TraceId = '';
  trace0 = 0;
  trace1 = 0;
  trace2 = 0;
  trace3 = 0;
  logs = 0;
  readonly spanIds = new SpanIds();
  readonly body = new ByteWriter(4096);
  readonly attributes: AttributePacker;
  readonly texts: TextPacker;
  readonly filter: TextFilter;
  base: TimeBase = { seconds: 0, nanos: 0 };
  /** Of the span that is written. */
  readonly start: TimeBase = { seconds: 0, nanos: 0 };
  state: SummaryState = emptySummary('');
  requests: Measurement[] = [];
  logKeys = new Set<string>();
  /** The resource that the last span that told something was of. */
  summarized: PackedResource | undefined;
  readonly #ids = new ByteWriter(1024);
  readonly #head = new ByteWriter(1024);
  // Ids behind those of the spans, in order of use; of each, where the reference to it stands if it may go.
  readonly #moreIds = new ByteWriter(256);
  readonly #patches = new IntList();
  readonly #patchedIds = new IntList();
  readonly #resources: PackedResource[] = [];
  readonly #scopes: PackedScope[] = [];
  #resource = 0;
  #scope = 0;

  constructor(texts: TextPacker, filter: TextFilter) {
    this.texts = texts;
    this.filter = filter;
    this.attributes = new AttributePacker(texts, filter);
  }

  begin(traceId: TraceId, record: ScannedRecord): void {
    this.traceId = traceId;
    this.trace0 = record.trace0;
    this.trace1 = record.trace1;
    this.trace2 = record.trace2;
    this.trace3 = record.trace3;
    this.logs = 0;
    this.spanIds.reset();
    this.body.reset();
    this.attributes.reset();
    this.base = { seconds: record.startSeconds, nanos: record.startNanos };
    this.state = emptySummary(traceId);
    this.requests = [];
    this.logKeys = new Set();
    this.summarized = undefined;
    this.#ids.reset();
    this.#head.reset();
    this.#moreIds.reset();
    this.#patches.length = 0;
    this.#patchedIds.length = 0;
    this.#resources.length = 0;
    this.#scopes.length = 0;
    this.#resource = 0;
    this.#scope = 0;
  }

  isOf(record: ScannedRecord): boolean {
    return (
      this.trace3 === record.trace3 &&
      this.trace2 === record.trace2 &&
      this.trace1 === record.trace1 &&
      this.trace0 === record.trace0
    );
  }

  /** Takes the id of the next span; every id comes once. */
  addSpanId(high: number, low: number): void {
    if (this.spanIds.length === MAX_SPANS || this.spanIds.indexOf(high, low) >= 0) throw UNUSUAL;
    this.spanIds.push(high, low);
    writeId(this.#ids, high, low);
  }

  /** Whether a record's resource and scope differ from those of the record before; `writeEnvelope` writes them. */
  changesEnvelope({ resource, scope }: PackedGroup): boolean {
    const known = this.#resources[this.#resource] === resource && this.#scopes[this.#scope] === scope;
    if (known) return false;
    const isFirst = this.#resources.length === 0;
    this.#resource = placeIn(this.#resources, resource);
    this.#scope = placeIn(this.#scopes, scope);
    return !isFirst;
  }

  writeEnvelope(): void {
    writeEnvelopePlace(this.body, { resource: this.#resource, scope: this.#scope });
  }

  /** Writes a reference to a span of the trace; 0, 0 is none. */
  writeReference(high: number, low: number): void {
    const { body } = this;
    if (high === 0 && low === 0) {
      body.byte(NONE);
      return;
    }
    const place = this.spanIds.indexOf(high, low);
    if (place >= 0) {
      body.varint(place + FIRST_ORDINAL);
      return;
    }
    this.#patch(body.length, high, low);
    writeLong(body, EXPLICIT);
    writeId(this.#moreIds, high, low);
  }

  /** Takes ids that are always written out; `count` ids of 8 bytes. */
  writeIds(count: number, write: (out: ByteWriter) => void): void {
    write(this.#moreIds);
    for (let i = 0; i < count; i += 1) {
      this.#patch(NOT_PATCHED, 0, 0);
    }
  }

  /** Writes the chunk behind its trace id and lengths; answers where its ids and its body begin. */
  finish(out: ByteWriter, trust: Trust): { ids: number; body: number; end: number } {
    this.#resolve();
    this.#writeHead(trust);
    const ids = this.#ids;
    writeId(out, this.trace0, this.trace1);
    writeId(out, this.trace2, this.trace3);
    out.varint(ids.length);
    out.varint(this.#head.length + this.body.length);
    const idsAt = out.length;
    out.append(ids);
    const bodyAt = out.length;
    out.append(this.#head);
    out.append(this.body);
    return { ids: idsAt, body: bodyAt, end: out.length };
  }

  /** Adds the hashes of all attributes, resources included. */
  addHashes(into: IntList): void {
    into.append(this.attributes.hashes);
    for (const resource of this.#resources) for (const hash of resource.sealed.hashes) into.push(hash);
  }

  #patch(at: number, high: number, low: number): void {
    this.#patches.push(at);
    this.#patchedIds.push(high);
    this.#patchedIds.push(low);
  }

  #resolve(): void {
    if (this.#patches.length === 0) return;
    const more = this.#moreIds.view();
    const bytes = this.body.view();
    for (let i = 0; i < this.#patches.length; i += 1) {
      const at = this.#patches.at(i);
      const place =
        at === NOT_PATCHED ? -1 : this.spanIds.indexOf(this.#patchedIds.at(i * 2), this.#patchedIds.at(i * 2 + 1));
      if (place < 0) this.#ids.raw(more.subarray(i * 8, i * 8 + 8));
      else setLong(bytes, at, place + FIRST_ORDINAL);
    }
  }

  #writeHead(trust: Trust): void {
    const head = this.#head;
    head.byte(trust === 'trusted' ? 1 : 0);
    head.varint(this.#resources.length);
    for (const { sealed } of this.#resources) head.raw(sealed.bytes);
    head.varint(this.#scopes.length);
    for (const scope of this.#scopes) head.raw(scopeBytes(scope));
    head.varint(this.spanIds.length);
    head.varint(this.logs);
    writeTimeBase(head, this.base);
  }
}

function placeIn<T>(list: T[], item: T): number {
  const place = list.indexOf(item);
  return place >= 0 ? place : list.push(item) - 1;
}

function writeWord32(out: ByteWriter, word: number): void {
  const into = out.room(4);
  const at = out.length;
  into[at] = word >>> 24;
  into[at + 1] = word >>> 16;
  into[at + 2] = word >>> 8;
  into[at + 3] = word;
  out.advance(4);
}

function writeId(out: ByteWriter, high: number, low: number): void {
  writeWord32(out, high);
  writeWord32(out, low);
}

// A varint that takes two bytes whatever its value.
function writeLong(out: ByteWriter, value: number): void {
  out.byte((value & 0x7f) | 0x80);
  out.byte(value >> 7);
}

function setLong(bytes: Buffer, at: number, value: number): void {
  bytes[at] = (value & 0x7f) | 0x80;
  bytes[at + 1] = value >> 7;
}
