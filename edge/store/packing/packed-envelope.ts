import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import { writeScope } from '../encoding/envelope.ts';
import { writeWord } from '../encoding/value.ts';
import { knownAttribute } from './known-attributes.ts';
import { UNUSUAL } from './unusual.ts';

/** A resource of a request. */
export interface PackedResource {
  /** Filtered and not stamped. Shared by requests: never changed. */
  record: ResourceRecord;
  schemaUrl: string;
  /** Whether a record came under it. */
  isUsed: boolean;
  sealed: SealedResource;
  known: KnownResource;
}

/** What is kept of a resource between requests. */
export interface KnownResource {
  record: ResourceRecord;
  /** As it was last written, with which schema URL and what for. */
  sealed: SealedResource;
  sealedWith: string;
  sealedFor: readonly unknown[];
}

/** A stamped resource as it is written, and the hashes of its attributes. */
export interface SealedResource {
  bytes: Buffer;
  hashes: readonly number[];
}

/** A scope of a request. */
export interface PackedScope {
  /** Filtered, without its schema URL. Shared by requests: never changed. */
  record: ScopeRecord;
  schemaUrl: string;
  known: KnownScope;
}

/** What is kept of a scope between requests. */
export interface KnownScope {
  record: ScopeRecord;
  /** As it was last written, and with which schema URL. */
  bytes: Buffer;
  schemaUrl: string;
}

/** Records of one resource and scope. */
export interface PackedGroup {
  resource: PackedResource;
  scope: PackedScope;
}

export const NOT_SEALED: SealedResource = { bytes: Buffer.alloc(0), hashes: [] };
export const NEVER_SEALED: readonly unknown[] = ['never'];
const out = new ByteWriter(4096);

/**
 * Fixes what is written of a resource.
 * @param stamp what is stored of it; `undefined` when the sender may not write it
 * @param key what `stamp` depends on beside the resource
 * @throws UNUSUAL
 */
export function sealResource(
  resource: PackedResource,
  stamp: (record: ResourceRecord) => ResourceRecord | undefined,
  key: readonly unknown[],
): void {
  const { known, schemaUrl } = resource;
  if (known.sealedWith !== schemaUrl || !isSame(known.sealedFor, key)) {
    const stamped = stamp(resource.record);
    if (stamped === undefined) throw UNUSUAL;
    known.sealed = sealed(stamped, schemaUrl);
    known.sealedWith = schemaUrl;
    known.sealedFor = key;
  }
  resource.sealed = known.sealed;
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

// As `writeResource` writes it.
function sealed({ attributes, droppedAttributesCount }: ResourceRecord, schemaUrl: string): SealedResource {
  out.reset();
  out.varint(attributes.length);
  const hashes: number[] = [];
  for (const attribute of attributes) {
    const known = knownAttribute(attribute);
    out.raw(known.bytes);
    for (const hash of known.hashes) hashes.push(hash);
  }
  out.varint(droppedAttributesCount ?? 0);
  writeWord(out, schemaUrl);
  return { bytes: out.copy(), hashes };
}

/** A scope as it is written. */
export function scopeBytes({ record, schemaUrl, known }: PackedScope): Buffer {
  if (known.bytes.length === 0 || known.schemaUrl !== schemaUrl) {
    out.reset();
    writeScope(out, schemaUrl ? { ...record, schemaUrl } : record);
    known.bytes = out.copy();
    known.schemaUrl = schemaUrl;
  }
  return known.bytes;
}
