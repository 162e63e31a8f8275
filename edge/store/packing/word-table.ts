import { knownWordPlace } from '../encoding/known-words.ts';

/** A short text that comes again and again: an attribute's key, a span's name. */
export interface Word {
  readonly text: string;
  /** UTF-8. */
  readonly bytes: Uint8Array;
  /** Place among the known words of the format, -1 when it has none. */
  readonly place: number;
}

const SLOTS = 8192;
// Texts made up to fall into one slot must not make a list to be searched.
const MAX_PROBES = 8;
const MAX_WORDS = 2048;
/** Longer texts are not remembered: what strangers can leave behind here is bounded by this and MAX_WORDS. */
const MAX_WORD_BYTES = 96;

/** Finds words by their bytes, so that a text that was seen before is never decoded again. */
export class WordTable<W extends Word> {
  readonly #make: (word: Word) => W | undefined;
  #slots: (W | undefined)[] = new Array(SLOTS).fill(undefined);
  #count = 0;

  /** @param make what is kept of a new word; `undefined` for one that must not be remembered */
  constructor(make: (word: Word) => W | undefined) {
    this.#make = make;
  }

  /** Makes room when strangers filled the table. Words found before are not found again after this. */
  tidy(): void {
    if (this.#count < MAX_WORDS) return;
    this.#slots = new Array(SLOTS).fill(undefined);
    this.#count = 0;
  }

  /** The word of these bytes, remembered from now on; `undefined` when it is too long, no ASCII, or one too many. */
  find(bytes: Buffer, start: number, end: number): W | undefined {
    const slot = this.#slotOf(bytes, start, end);
    if (slot < 0) return undefined;
    return this.#slots[slot] ?? this.#learn(slot, bytes, start, end);
  }

  /** The word of these bytes if it is remembered. */
  get(bytes: Buffer, start: number, end: number): W | undefined {
    const slot = this.#slotOf(bytes, start, end);
    return slot < 0 ? undefined : this.#slots[slot];
  }

  // Where the word is or would be; -1 when there is no place for it.
  #slotOf(bytes: Buffer, start: number, end: number): number {
    const length = end - start;
    if (length === 0 || length > MAX_WORD_BYTES) return -1;
    const slots = this.#slots;
    let slot = hashOf(bytes, start, length);
    for (let probe = 0; probe < MAX_PROBES; probe += 1) {
      const word = slots[slot];
      if (word === undefined || (word.bytes.length === length && isAt(bytes, start, word.bytes))) return slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
    return -1;
  }

  #learn(slot: number, bytes: Buffer, start: number, end: number): W | undefined {
    if (this.#count >= MAX_WORDS) return undefined;
    for (let at = start; at < end; at += 1) if ((bytes[at] as number) >= 0x80) return undefined;
    const text = bytes.toString('latin1', start, end);
    const word = this.#make({ text, bytes: Uint8Array.from(bytes.subarray(start, end)), place: placeOf(text) });
    if (word) {
      this.#slots[slot] = word;
      this.#count += 1;
    }
    return word;
  }
}

function placeOf(text: string): number {
  return knownWordPlace(text) ?? -1;
}

// A few bytes tell words apart well enough; the whole is compared afterwards.
function hashOf(bytes: Buffer, start: number, length: number): number {
  const last = start + length - 1;
  let hash = length;
  hash = Math.imul(hash, 31) + (bytes[start] as number);
  hash = Math.imul(hash, 31) + (bytes[last] as number);
  hash = Math.imul(hash, 31) + (bytes[start + (length >> 1)] as number);
  hash = Math.imul(hash, 31) + (bytes[start + (length >> 2)] as number);
  hash = Math.imul(hash, 31) + (bytes[last - (length >> 2)] as number);
  return (hash ^ (hash >>> 13)) & (SLOTS - 1);
}

/** Whether a word stands at `start`; the text there may go on. */
export function isAt(bytes: Buffer, start: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i += 1) if (bytes[start + i] !== word[i]) return false;
  return true;
}
