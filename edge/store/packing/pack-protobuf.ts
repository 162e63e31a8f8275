import { readResource, readScope } from '../../otlp/decode-protobuf.ts';
import { MalformedBodyError } from '../../otlp/decoded-request.ts';
import { WIRE } from '../../otlp/protobuf-reader.ts';
import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import { EnvelopeCache } from './envelope-cache.ts';
import type { PackedGroup, PackedResource } from './packed-envelope.ts';
import { ProtobufScanner } from './protobuf-scanner.ts';
import type { RequestPacker } from './request-packer.ts';
import { UNUSUAL } from './unusual.ts';

const ENVELOPE = (1 << 3) | WIRE.bytes;
const RECORDS = (2 << 3) | WIRE.bytes;
const SCHEMA_URL = (3 << 3) | WIRE.bytes;

/** Reads whole OTLP/protobuf bodies into a `RequestPacker`. */
export class ProtobufPacker {
  readonly #packer: RequestPacker;
  readonly #scanner: ProtobufScanner;
  readonly #envelopes: EnvelopeCache;
  #body: Buffer = NOTHING;
  #areSpans = false;
  #maxRecords = 0;
  #asideScope = '';
  // Starts and ends of the groups of a resource, and of the records of one of them.
  readonly #groups: number[] = [];
  readonly #records: number[] = [];

  constructor(packer: RequestPacker) {
    this.#packer = packer;
    this.#scanner = new ProtobufScanner(packer.record);
    this.#envelopes = new EnvelopeCache(packer.filter);
  }

  /** @throws UNUSUAL */
  pack(body: Buffer, signal: 'traces' | 'logs', options: { maxRecords: number; asideScope: string }): void {
    this.#packer.begin(body);
    this.#scanner.begin();
    this.#body = body;
    this.#areSpans = signal === 'traces';
    this.#maxRecords = options.maxRecords;
    this.#asideScope = options.asideScope;
    const scanner = this.#scanner;
    try {
      for (let at = 0; at < body.length; ) {
        if (body[at] !== ENVELOPE) throw UNUSUAL;
        const stop = scanner.lengthEnd(at + 1, body.length);
        this.#resourceGroup(scanner.position, stop);
        at = stop;
      }
    } catch (error) {
      throw error instanceof MalformedBodyError ? UNUSUAL : error;
    } finally {
      scanner.begin();
      this.#body = NOTHING;
    }
  }

  // Fields come in any order, so records are read behind their resource and scope.
  #resourceGroup(from: number, end: number): void {
    const scanner = this.#scanner;
    const groups = this.#groups;
    groups.length = 0;
    let start = 0;
    let stop = 0;
    let schemaUrl = '';
    for (let at = from; at < end; ) {
      const tag = this.#body[at];
      const fieldEnd = scanner.lengthEnd(at + 1, end);
      const { position } = scanner;
      if (tag === ENVELOPE) {
        // A message that comes twice is merged, which nobody relies on.
        if (stop > 0) throw UNUSUAL;
        start = at + 1;
        stop = fieldEnd;
      } else if (tag === RECORDS) groups.push(position, fieldEnd);
      else if (tag === SCHEMA_URL) schemaUrl = this.#body.toString('utf8', position, fieldEnd);
      else throw UNUSUAL;
      at = fieldEnd;
    }
    const resource = this.#envelopes.resource(this.#packer.record.view, start, stop, () =>
      this.#readResource(start, stop),
    );
    this.#packer.addResource(resource);
    resource.schemaUrl = schemaUrl;
    for (let i = 0; i < groups.length; i += 2) this.#scopeGroup(groups[i] as number, groups[i + 1] as number, resource);
  }

  #scopeGroup(from: number, end: number, resource: PackedResource): void {
    const scanner = this.#scanner;
    const packer = this.#packer;
    const records = this.#records;
    records.length = 0;
    let start = 0;
    let stop = 0;
    let schemaUrl = '';
    for (let at = from; at < end; ) {
      const tag = this.#body[at];
      const fieldEnd = scanner.lengthEnd(at + 1, end);
      const { position } = scanner;
      if (tag === RECORDS) records.push(position, fieldEnd);
      else if (tag === ENVELOPE) {
        if (stop > 0) throw UNUSUAL;
        start = at + 1;
        stop = fieldEnd;
      } else if (tag === SCHEMA_URL) schemaUrl = this.#body.toString('utf8', position, fieldEnd);
      else throw UNUSUAL;
      at = fieldEnd;
    }
    const scope = this.#envelopes.scope(packer.record.view, start, stop, () => this.#readScope(start, stop));
    scope.schemaUrl = schemaUrl;
    if (scope.record.name === this.#asideScope) throw UNUSUAL;
    const group: PackedGroup = { resource, scope };
    for (let i = 0; i < records.length; i += 2) {
      const at = records[i] as number;
      const recordEnd = records[i + 1] as number;
      if (this.#areSpans) {
        if (packer.spans === this.#maxRecords) throw UNUSUAL;
        scanner.span(at, recordEnd);
        packer.addSpan(group);
      } else {
        if (packer.logs === this.#maxRecords) throw UNUSUAL;
        scanner.log(at, recordEnd);
        packer.addLog(group);
      }
    }
  }

  #readResource(start: number, stop: number): ResourceRecord {
    const record: ResourceRecord = { attributes: [] };
    if (stop > 0) readResource(this.#scanner.readerAt(start), stop, record);
    return record;
  }

  #readScope(start: number, stop: number): ScopeRecord {
    const record: ScopeRecord = { name: '' };
    if (stop > 0) readScope(this.#scanner.readerAt(start), stop, record);
    return record;
  }
}

const NOTHING = Buffer.alloc(0);
