import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readAttributes, readWord, writeAttributes, writeWord } from './value.ts';

export function writeResource(out: ByteWriter, resource: ResourceRecord): void {
  writeAttributes(out, resource.attributes);
  out.varint(resource.droppedAttributesCount ?? 0);
  writeWord(out, resource.schemaUrl ?? '');
}

export function readResource(reader: ByteReader): ResourceRecord {
  const resource: ResourceRecord = { attributes: readAttributes(reader) };
  const dropped = reader.varint();
  if (dropped > 0) resource.droppedAttributesCount = dropped;
  const schemaUrl = readWord(reader);
  if (schemaUrl !== '') resource.schemaUrl = schemaUrl;
  return resource;
}

export function writeScope(out: ByteWriter, scope: ScopeRecord): void {
  writeWord(out, scope.name);
  writeWord(out, scope.version ?? '');
  writeAttributes(out, scope.attributes);
  out.varint(scope.droppedAttributesCount ?? 0);
  writeWord(out, scope.schemaUrl ?? '');
}

export function readScope(reader: ByteReader): ScopeRecord {
  const scope: ScopeRecord = { name: readWord(reader) };
  const version = readWord(reader);
  if (version !== '') scope.version = version;
  const attributes = readAttributes(reader);
  if (attributes.length > 0) scope.attributes = attributes;
  const dropped = reader.varint();
  if (dropped > 0) scope.droppedAttributesCount = dropped;
  const schemaUrl = readWord(reader);
  if (schemaUrl !== '') scope.schemaUrl = schemaUrl;
  return scope;
}
