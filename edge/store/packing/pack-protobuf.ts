import { readResource, readScope } from '../../otlp/decode-protobuf.ts';
import { MalformedBodyError } from '../../otlp/decoded-request.ts';
import { ProtobufReader, WIRE } from '../../otlp/protobuf-reader.ts';
import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import type { PackedGroup, PackedResource } from './packed-envelope.ts';
import { ProtobufScanner } from './protobuf-scanner.ts';
import type { RequestPacker } from './request-packer.ts';
import { UNUSUAL } from './unusual.ts';

/** Reads whole OTLP/protobuf bodies into a `RequestPacker`. */
export class ProtobufPacker {
  readonly #packer: RequestPacker;
  readonly #scanner: ProtobufScanner;

  constructor(packer: RequestPacker) {
    this.#packer = packer;
    this.#scanner = new ProtobufScanner(packer.record, packer.keys);
  }

  /** @throws UNUSUAL */
  pack(body: Buffer, signal: 'traces' | 'logs', options: { maxRecords: number; asideScope: string }): void {
    this.#packer.begin(body);
    this.#scanner.reset(body);
    try {
      this.#read(new ProtobufReader(body), body.length, signal === 'traces', options);
    } catch (error) {
      throw error instanceof MalformedBodyError ? UNUSUAL : error;
    } finally {
      this.#scanner.reset(NOTHING);
    }
  }

  #read(
    reader: ProtobufReader,
    end: number,
    areSpans: boolean,
    options: { maxRecords: number; asideScope: string },
  ): void {
    while (reader.position < end) {
      if (reader.varint(end) !== ((1 << 3) | WIRE.bytes)) throw UNUSUAL;
      this.#resourceGroup(reader, reader.lengthEnd(end), areSpans, options);
    }
  }

  // Fields come in any order, so records are read behind their resource and scope.
  #resourceGroup(
    reader: ProtobufReader,
    end: number,
    areSpans: boolean,
    options: { maxRecords: number; asideScope: string },
  ): void {
    const groups: number[] = [];
    let start = 0;
    let stop = 0;
    let schemaUrl = '';
    while (reader.position < end) {
      const tag = reader.varint(end);
      if (tag === ((1 << 3) | WIRE.bytes)) {
        // A message that comes twice is merged, which nobody relies on.
        if (stop > 0) throw UNUSUAL;
        start = reader.position;
        stop = reader.lengthEnd(end);
        reader.position = stop;
      } else if (tag === ((2 << 3) | WIRE.bytes)) pushRange(groups, reader, end);
      else if (tag === ((3 << 3) | WIRE.bytes)) {
        schemaUrl = reader.text(end);
      } else throw UNUSUAL;
    }
    const resource = this.#packer.addResource(start, stop, () => {
      const record: ResourceRecord = { attributes: [] };
      reader.position = start;
      if (stop > 0) readResource(reader, stop, record);
      return record;
    });
    resource.schemaUrl = schemaUrl;
    for (let i = 0; i < groups.length; i += 2) {
      reader.position = groups[i] as number;
      this.#scopeGroup(reader, groups[i + 1] as number, resource, areSpans, options);
    }
    reader.position = end;
  }

  #scopeGroup(
    reader: ProtobufReader,
    end: number,
    resource: PackedResource,
    areSpans: boolean,
    { maxRecords, asideScope }: { maxRecords: number; asideScope: string },
  ): void {
    const scope: ScopeRecord = { name: '' };
    const records: number[] = [];
    while (reader.position < end) {
      const tag = reader.varint(end);
      if (tag === ((1 << 3) | WIRE.bytes)) readScope(reader, end, scope);
      else if (tag === ((2 << 3) | WIRE.bytes)) pushRange(records, reader, end);
      else if (tag === ((3 << 3) | WIRE.bytes)) {
        const schemaUrl = reader.text(end);
        if (schemaUrl) scope.schemaUrl = schemaUrl;
      } else throw UNUSUAL;
    }
    if (scope.name === asideScope) throw UNUSUAL;
    const packer = this.#packer;
    packer.filter.attributes(scope.attributes);
    const group: PackedGroup = { resource, scope };
    for (let i = 0; i < records.length; i += 2) {
      reader.position = records[i] as number;
      const stop = records[i + 1] as number;
      if ((areSpans ? packer.spans : packer.logs) === maxRecords) throw UNUSUAL;
      if (areSpans) {
        this.#scanner.span(reader, stop);
        packer.addSpan(group);
      } else {
        this.#scanner.log(reader, stop);
        packer.addLog(group);
      }
    }
    reader.position = end;
  }
}

function pushRange(ranges: number[], reader: ProtobufReader, end: number): void {
  const stop = reader.lengthEnd(end);
  ranges.push(reader.position, stop);
  reader.position = stop;
}

const NOTHING = Buffer.alloc(0);
