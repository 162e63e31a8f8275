import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import { addAttributeHashes } from '../attribute-hash.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import { writeResource } from '../encoding/envelope.ts';

/** A resource of a request, told apart by where it stands in the body. */
export interface PackedResource {
  /** Filtered and not stamped. */
  record: ResourceRecord;
  /** Whether a record came under it. */
  isUsed: boolean;
  /** Once it is stamped: as it is written, and the hashes of its attributes. */
  bytes: Buffer;
  hashes: readonly number[];
}

/** Records of one resource and scope. */
export interface PackedGroup {
  resource: PackedResource;
  scope: ScopeRecord;
}

const NOTHING = Buffer.alloc(0);
const out = new ByteWriter(4096);

export function packResource(record: ResourceRecord): PackedResource {
  return { record, isUsed: false, bytes: NOTHING, hashes: [] };
}

/** Fixes what is written of a resource. */
export function sealResource(resource: PackedResource, stamped: ResourceRecord): void {
  out.reset();
  writeResource(out, stamped);
  resource.bytes = out.copy();
  const hashes = new Set<number>();
  addAttributeHashes(hashes, stamped.attributes);
  resource.hashes = [...hashes];
}
