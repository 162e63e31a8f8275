import type { ResourceRecord } from '../../otlp/records.ts';
import { type KnownResource, NOT_SEALED, type PackedResource, sealResource } from './packed-envelope.ts';
import type { TextFilter } from './text-filter.ts';
import { UNUSUAL } from './unusual.ts';

/** With MAX_BYTES, what strangers can leave behind here: about half a megabyte. */
const MAX_ENTRIES = 256;
const MAX_BYTES = 2048;

/** Senders send the same resource with every request: it is read, filtered and written once. */
export class ResourceCache {
  readonly #filter: TextFilter;
  readonly #entries = new Map<string, KnownResource>();

  constructor(filter: TextFilter) {
    this.#filter = filter;
  }

  /** The resource that stands at a place of a body; `read` decodes it. */
  find(bytes: Buffer, start: number, end: number, read: () => ResourceRecord): PackedResource {
    const text = end - start <= MAX_BYTES ? bytes.toString('latin1', start, end) : undefined;
    let entry = text === undefined ? undefined : this.#entries.get(text);
    if (entry === undefined) {
      const record = read();
      // Filtering what has something to filter is counted, so it is done every time.
      const isChanged = this.#filter.attributes(record.attributes);
      entry = { record, sealed: NOT_SEALED, sealedFor: [] };
      if (text !== undefined && !isChanged) this.#learn(text, entry);
    }
    return { record: entry.record, schemaUrl: '', isUsed: false, sealed: NOT_SEALED, known: entry };
  }

  /**
   * Fixes what is written of a resource.
   * @param key what `stamp` depends on beside the resource
   */
  seal(
    resource: PackedResource,
    stamp: (record: ResourceRecord) => ResourceRecord | undefined,
    key: readonly unknown[],
  ): void {
    const { known } = resource;
    const sealedFor = [resource.schemaUrl, ...key];
    if (isSame(known.sealedFor, sealedFor)) {
      resource.sealed = known.sealed;
      return;
    }
    const stamped = stamp(resource.record);
    if (stamped === undefined) throw UNUSUAL;
    resource.sealed = sealResource(stamped, resource.schemaUrl);
    known.sealed = resource.sealed;
    known.sealedFor = sealedFor;
  }

  #learn(text: string, entry: KnownResource): void {
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    this.#entries.set(text, entry);
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
