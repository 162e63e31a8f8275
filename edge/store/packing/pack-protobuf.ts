import { readResource, readScope } from '../../otlp/decode-protobuf.ts';
import { MalformedBodyError } from '../../otlp/decoded-request.ts';
import { WIRE } from '../../otlp/protobuf-reader.ts';
import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import { EnvelopeCache } from './envelope-cache.ts';
import { IntList } from './int-list.ts';
import type { PackedGroup, PackedResource, PackedScope } from './packed-envelope.ts';
import { ProtobufCursor } from './protobuf-cursor.ts';
import { ProtobufScanner } from './protobuf-scanner.ts';
import type { RequestPacker } from './request-packer.ts';
import { UNUSUAL } from './unusual.ts';

const ENVELOPE = (1 << 3) | WIRE.bytes;
const RECORDS = (2 << 3) | WIRE.bytes;
const SCHEMA_URL = (3 << 3) | WIRE.bytes;

/** Reads whole OTLP/protobuf bodies into a `RequestPacker`. */
export class ProtobufPacker {
  readonly #packer: RequestPacker;
  readonly #cursor = new ProtobufCursor();
  readonly #scanner: ProtobufScanner;
  readonly #envelopes: EnvelopeCache;
  #body: Buffer = NOTHING;
  #areSpans = false;
  #maxRecords = 0;
  #asideScope = '';
  // Starts and ends of what is to be read later: the groups of a resource, and the records of one of them.
  readonly #groups = new IntList();
  readonly #records = new IntList();

  constructor(packer: RequestPacker) {
    this.#packer = packer;
    this.#scanner = new ProtobufScanner(packer.record, this.#cursor);
    this.#envelopes = new EnvelopeCache(packer.filter);
  }

  /** @throws UNUSUAL */
  pack(body: Buffer, signal: 'traces' | 'logs', options: { maxRecords: number; asideScope: string }): void {
    this.#packer.begin(body);
    this.#cursor.reset(body, this.#packer.record.view);
    this.#body = body;
    this.#areSpans = signal === 'traces';
    this.#maxRecords = options.maxRecords;
    this.#asideScope = options.asideScope;
    const cursor = this.#cursor;
    try {
      for (let at = 0; at < body.length; ) {
        if (body[at] !== ENVELOPE) throw UNUSUAL;
        const stop = cursor.lengthEnd(at + 1, body.length);
        this.#resourceGroup(cursor.position, stop);
        at = stop;
      }
    } catch (error) {
      throw error instanceof MalformedBodyError ? UNUSUAL : error;
    } finally {
      cursor.reset();
      this.#body = NOTHING;
    }
  }

  // Fields may come in any order: groups in front of their resource are read behind it, and so are records.
  #resourceGroup(from: number, end: number): void {
    const cursor = this.#cursor;
    const groups = this.#groups;
    groups.length = 0;
    let resource: PackedResource | undefined;
    let schemaUrl = '';
    for (let at = from; at < end; ) {
      const tag = this.#body[at];
      const stop = cursor.lengthEnd(at + 1, end);
      const { position } = cursor;
      if (tag === RECORDS) {
        if (resource && groups.length === 0) this.#scopeGroup(position, stop, resource);
        else groups.pushRange(position, stop);
      } else if (tag === ENVELOPE) {
        // A message that comes twice is merged, which nobody relies on.
        if (resource) throw UNUSUAL;
        resource = this.#resource(at + 1, stop);
      } else if (tag === SCHEMA_URL) schemaUrl = this.#body.toString('utf8', position, stop);
      else throw UNUSUAL;
      at = stop;
    }
    resource ??= this.#resource(from, from);
    resource.schemaUrl = schemaUrl;
    for (let i = 0; i < groups.length; i += 2) this.#scopeGroup(groups.at(i), groups.at(i + 1), resource);
  }

  #scopeGroup(from: number, end: number, resource: PackedResource): void {
    const cursor = this.#cursor;
    const records = this.#records;
    records.length = 0;
    let group: PackedGroup | undefined;
    let schemaUrl = '';
    for (let at = from; at < end; ) {
      const tag = this.#body[at];
      const stop = cursor.lengthEnd(at + 1, end);
      const { position } = cursor;
      if (tag === RECORDS) {
        if (group && records.length === 0) this.#addRecord(position, stop, group);
        else records.pushRange(position, stop);
      } else if (tag === ENVELOPE) {
        if (group) throw UNUSUAL;
        group = { resource, scope: this.#scope(at + 1, stop) };
      } else if (tag === SCHEMA_URL) schemaUrl = this.#body.toString('utf8', position, stop);
      else throw UNUSUAL;
      at = stop;
    }
    group ??= { resource, scope: this.#scope(from, from) };
    group.scope.schemaUrl = schemaUrl;
    for (let i = 0; i < records.length; i += 2) this.#addRecord(records.at(i), records.at(i + 1), group);
  }

  #addRecord(at: number, end: number, group: PackedGroup): void {
    const packer = this.#packer;
    if (this.#areSpans) {
      if (packer.spans === this.#maxRecords) throw UNUSUAL;
      this.#scanner.span(at, end);
      packer.addSpan(group);
    } else {
      if (packer.logs === this.#maxRecords) throw UNUSUAL;
      this.#scanner.log(at, end);
      packer.addLog(group);
    }
  }

  // A resource with its length in front; nothing is one that is not there.
  #resource(start: number, end: number): PackedResource {
    const packer = this.#packer;
    const resource = this.#envelopes.resource(packer.record.view, start, end, () => {
      const record: ResourceRecord = { attributes: [] };
      if (end > start) readResource(this.#cursor.readerAt(start), end, record);
      return record;
    });
    packer.addResource(resource);
    return resource;
  }

  #scope(start: number, end: number): PackedScope {
    const scope = this.#envelopes.scope(this.#packer.record.view, start, end, () => {
      const record: ScopeRecord = { name: '' };
      if (end > start) readScope(this.#cursor.readerAt(start), end, record);
      return record;
    });
    if (scope.record.name === this.#asideScope) throw UNUSUAL;
    return scope;
  }
}

const NOTHING = Buffer.alloc(0);
