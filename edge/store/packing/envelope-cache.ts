import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import { ByteCache } from './byte-cache.ts';
import { filterKnown } from './known-attributes.ts';
import {
  type KnownResource,
  type KnownScope,
  NEVER_SEALED,
  NOT_SEALED,
  type PackedResource,
  type PackedScope,
} from './packed-envelope.ts';
import type { TextFilter } from './text-filter.ts';

/** With MAX_BYTES, what strangers can leave behind here: some three megabytes. */
const MAX_RESOURCES = 512;
const MAX_SCOPES = 128;
const MAX_BYTES = 2048;

/**
 * Senders send the same resources and scopes with every request: they are read, filtered and written once. A cache is of
 * one format: the same bytes may say one thing in one and another in the other.
 */
export class EnvelopeCache {
  readonly #filter: TextFilter;
  readonly #resources = new ByteCache<KnownResource>(MAX_RESOURCES, MAX_BYTES);
  readonly #scopes = new ByteCache<KnownScope>(MAX_SCOPES, MAX_BYTES);

  constructor(filter: TextFilter) {
    this.#filter = filter;
  }

  /** The resource that stands at a place of a body; `read` decodes it. */
  resource(view: DataView, start: number, end: number, read: () => ResourceRecord): PackedResource {
    let known = this.#resources.get(view, start, end);
    if (known === undefined) {
      const record = read();
      // Filtering what has something to filter is counted, so it is done every time.
      const isChanged = filterKnown(this.#filter, record.attributes);
      known = { record, sealed: NOT_SEALED, sealedWith: '', sealedFor: NEVER_SEALED };
      if (!isChanged) this.#resources.set(view, start, end, known);
    }
    return { record: known.record, schemaUrl: '', isUsed: false, sealed: NOT_SEALED, known };
  }

  /** The same of a scope. */
  scope(view: DataView, start: number, end: number, read: () => ScopeRecord): PackedScope {
    let known = this.#scopes.get(view, start, end);
    if (known === undefined) {
      const record = read();
      const isChanged = filterKnown(this.#filter, record.attributes);
      known = { record, bytes: NOT_SEALED.bytes, schemaUrl: '' };
      if (!isChanged) this.#scopes.set(view, start, end, known);
    }
    return { record: known.record, schemaUrl: '', known };
  }
}
