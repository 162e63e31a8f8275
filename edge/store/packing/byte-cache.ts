/** Finds what was made of the same bytes before. What strangers can leave behind in it is bounded. */
export class ByteCache<T> {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  // When one is full the other is emptied: what is asked for again stays.
  #young = new Map<number, Entry<T>>();
  #old = new Map<number, Entry<T>>();

  /**
   * @param maxEntries of each of two generations
   * @param maxBytes longer ones are not remembered
   */
  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get(view: DataView, start: number, end: number): T | undefined {
    if (end - start > this.#maxBytes) return undefined;
    const hash = hashOf(view, start, end);
    let entry = this.#young.get(hash);
    if (entry === undefined) {
      entry = this.#old.get(hash);
      if (entry === undefined) return undefined;
      this.#put(hash, entry);
    }
    return isSame(entry.view, view, start, end) ? entry.value : undefined;
  }

  set(view: DataView, start: number, end: number, value: T): void {
    if (end - start > this.#maxBytes) return;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();
    this.#put(hashOf(view, start, end), { view: new DataView(bytes.buffer), value });
  }

  #put(hash: number, entry: Entry<T>): void {
    if (this.#young.size >= this.#maxEntries) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(hash, entry);
  }
}

interface Entry<T> {
  view: DataView;
  value: T;
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (const last = end - 4; at <= last; at += 4)
    hash = Math.imul(hash ^ view.getInt32(at), 0x9e3779b1) ^ (hash >>> 15);
  for (; at < end; at += 1) hash = Math.imul(hash ^ view.getUint8(at), 0x9e3779b1);
  return (hash ^ (hash >>> 13)) & 0x3fffffff;
}

function isSame(a: DataView, b: DataView, start: number, end: number): boolean {
  const length = end - start;
  if (a.byteLength !== length) return false;
  let at = 0;
  for (const last = length - 4; at <= last; at += 4) if (a.getInt32(at) !== b.getInt32(start + at)) return false;
  for (; at < length; at += 1) if (a.getUint8(at) !== b.getUint8(start + at)) return false;
  return true;
}
