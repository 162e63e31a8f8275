import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import { addAttributeHashes } from '../attribute-hash.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import { writeResource } from '../encoding/envelope.ts';

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
  /** As it was last written, and what for. */
  sealed: SealedResource;
  sealedFor: readonly unknown[];
}

/** A stamped resource as it is written, and the hashes of its attributes. */
export interface SealedResource {
  bytes: Buffer;
  hashes: readonly number[];
}

/** Records of one resource and scope. */
export interface PackedGroup {
  resource: PackedResource;
  scope: ScopeRecord;
}

export const NOT_SEALED: SealedResource = { bytes: Buffer.alloc(0), hashes: [] };
const out = new ByteWriter(4096);

export function sealResource(stamped: ResourceRecord, schemaUrl: string): SealedResource {
  out.reset();
  writeResource(out, schemaUrl ? { ...stamped, schemaUrl } : stamped);
  const hashes = new Set<number>();
  addAttributeHashes(hashes, stamped.attributes);
  return { bytes: out.copy(), hashes: [...hashes] };
}
