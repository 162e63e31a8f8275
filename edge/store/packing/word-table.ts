import { KNOWN_WORDS, knownWordPlace } from '../encoding/known-words.ts';

/** A short text that comes again and again: an attribute's key, a span's name. */
export interface Word {
  readonly text: string;
  /** UTF-8. */
  readonly bytes: Uint8Array;
  /** The same, four bytes a number, without the last four. */
  readonly quads: Int32Array;
  /** The last four bytes; a text that is shorter is compared byte by byte. */
  readonly tail: number;
  /** Place among the known words of the format, -1 when it has none. */
  readonly place: number;
}

const SLOTS = 8192;
// Texts made up to fall into one slot must not make a list to be searched.
const MAX_PROBES = 8;
const MAX_WORDS = 2048;
/** Longer texts are not remembered: what strangers can leave behind here is bounded by this and MAX_WORDS. */
export const MAX_WORD_BYTES = 96;

/** Finds words by their bytes, so that a text that was seen before is never decoded again. */
export class WordTable<W extends Word> {
  readonly #make: (word: Word) => W | undefined;
  #slots: (W | undefined)[] = new Array(SLOTS).fill(undefined);
  #count = 0;

  /** @param make what is kept of a new word; `undefined` for one that must not be remembered */
  constructor(make: (word: Word) => W | undefined) {
    this.#make = make;
  }

  /** Makes room when strangers filled the table, and says so: words found before are not found again after this. */
  tidy(): boolean {
    if (this.#count < MAX_WORDS) return false;
    this.#slots = new Array(SLOTS).fill(undefined);
    this.#count = 0;
    return true;
  }

  /** The word of these bytes, remembered from now on; `undefined` when it is too long, no ASCII, or one too many. */
  find(view: DataView, start: number, end: number): W | undefined {
    const slot = this.#slotOf(view, start, end);
    if (slot < 0) return undefined;
    return this.#slots[slot] ?? this.#learn(slot, view, start, end);
  }

  /** The word of these bytes if it is remembered. */
  get(view: DataView, start: number, end: number): W | undefined {
    const slot = this.#slotOf(view, start, end);
    return slot < 0 ? undefined : this.#slots[slot];
  }

  // Where the word is or would be; -1 when there is no place for it.
  #slotOf(view: DataView, start: number, end: number): number {
    const length = end - start;
    if (length === 0 || length > MAX_WORD_BYTES) return -1;
    const slots = this.#slots;
    let slot = hashOf(view, start, length);
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      const word = slots[slot];
      if (word === undefined || (word.bytes.length === length && isWordAt(view, start, word))) return slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
    return -1;
  }

  #learn(slot: number, view: DataView, start: number, end: number): W | undefined {
    if (this.#count >= MAX_WORDS) return undefined;
    const bytes = new Uint8Array(end - start);
    let text = '';
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = view.getUint8(start + i);
      if (byte >= 0x80) return undefined;
      bytes[i] = byte;
      text += String.fromCharCode(byte);
    }
    const word = this.#make(wordOf(text, bytes));
    if (word) {
      this.#slots[slot] = word;
      this.#count += 1;
    }
    return word;
  }
}

/** A text of ASCII as a word. */
export function wordOf(text: string, bytes: Uint8Array = new TextEncoder().encode(text)): Word {
  const view = new DataView(bytes.buffer);
  const last = bytes.length - 4;
  const quads = new Int32Array(last > 0 ? (last + 3) >> 2 : 0);
  for (let i = 0; i < quads.length; i += 1) quads[i] = view.getInt32(i * 4);
  const place = knownWordPlace(text) ?? -1;
  // The string that others compare with is compared by its address.
  return { text: KNOWN_WORDS[place] ?? text, bytes, quads, tail: last >= 0 ? view.getInt32(last) : 0, place };
}

// A few bytes tell words apart well enough; the whole is compared afterwards.
function hashOf(view: DataView, start: number, length: number): number {
  let hash: number;
  if (length < 4) {
    hash =
      view.getUint8(start) | (view.getUint8(start + (length >> 1)) << 8) | (view.getUint8(start + length - 1) << 16);
  } else {
    hash = Math.imul(view.getInt32(start), 0x2c1b3c6d);
    hash = Math.imul(hash ^ view.getInt32(start + ((length - 4) >> 1)), 0x297a2d39);
    hash ^= view.getInt32(start + length - 4);
  }
  hash = Math.imul(hash ^ length, 0x9e3779b1 | 0);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** Whether a word stands at `start`, where there are as many bytes; the text there may go on. */
export function isWordAt(view: DataView, start: number, word: Word): boolean {
  const { length } = word.bytes;
  if (length < 4) {
    for (let i = 0; i < length; i += 1) if (view.getUint8(start + i) !== word.bytes[i]) return false;
    return true;
  }
  // Keys begin alike and end differently.
  if (view.getInt32(start + length - 4) !== word.tail) return false;
  const { quads } = word;
  for (let i = 0; i < quads.length; i += 1) if (view.getInt32(start + i * 4) !== quads[i]) return false;
  return true;
}

/** Whether the same bytes stand at two places. */
export function isSameText(view: DataView, a: number, b: number, length: number): boolean {
  const last = length - 4;
  if (last < 0) {
    for (let i = 0; i < length; i += 1) if (view.getUint8(a + i) !== view.getUint8(b + i)) return false;
    return true;
  }
  // Values under one key begin alike and end differently.
  if (view.getInt32(a + last) !== view.getInt32(b + last)) return false;
  for (let i = 0; i < last; i += 4) if (view.getInt32(a + i) !== view.getInt32(b + i)) return false;
  return true;
}
