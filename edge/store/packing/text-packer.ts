import { pairHash } from '../attribute-hash.ts';
import type { ByteWriter } from '../encoding/byte-writer.ts';
import { KNOWN_WORDS, LONGEST_KNOWN_VALUE } from '../encoding/known-words.ts';
import { writeText, writeWord } from '../encoding/value.ts';
import type { KeyWord } from './key-word.ts';
import type { TextFilter } from './text-filter.ts';
import { type Word, WordTable } from './word-table.ts';

// FNV-1a, as in attribute-hash.ts: computed here while the bytes are copied.
const PRIME = 0x01000193;
const MAX_HASHED_BYTES = 128;

// Values that the format has a place for.
const KNOWN_VALUES = new WordTable<Word>((word) => word);
for (const text of KNOWN_WORDS) {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_KNOWN_VALUE) KNOWN_VALUES.find(bytes, 0, bytes.length);
}

/** Writes texts of a body into a chunk, filtered. */
export class TextPacker {
  readonly #filter: TextFilter;
  readonly #names: WordTable<Word>;
  /** Hash of the last value written with its key, for the filter of its block. */
  lastHash = 0;

  constructor(filter: TextFilter) {
    this.#filter = filter;
    // Only what the filter leaves alone is remembered.
    this.#names = new WordTable((word) => (filter.isPlain(word.bytes, 0, word.bytes.length) ? word : undefined));
  }

  tidy(): void {
    this.#names.tidy();
  }

  /** Writes a name as a word and answers it. */
  name(out: ByteWriter, bytes: Buffer, start: number, end: number): string {
    const word = this.#names.find(bytes, start, end);
    if (word === undefined) return this.nameText(out, bytes.toString('utf8', start, end));
    writeKnownBytes(out, word);
    return word.text;
  }

  nameText(out: ByteWriter, text: string): string {
    const filtered = this.#filter.text(text);
    writeWord(out, filtered);
    return filtered;
  }

  /** What a text under a key becomes. */
  textOf(key: KeyWord, bytes: Buffer, start: number, end: number): string {
    if (key.policy === 'replaced' && end > start) return this.#filter.replacement();
    const text = bytes.toString('utf8', start, end);
    return key.policy === 'filtered' && !this.#filter.isPlain(bytes, start, end) ? this.#filter.text(text) : text;
  }

  /** Whether a value is written as it is, as far as the filter goes. */
  isKept(key: KeyWord, bytes: Buffer, start: number, end: number): boolean {
    if (end === start || key.policy === 'kept') return true;
    return key.policy === 'filtered' && this.#filter.isPlain(bytes, start, end);
  }

  /** Writes a value; leaves its hash in `lastHash`. */
  value(out: ByteWriter, key: KeyWord, bytes: Buffer, start: number, end: number): void {
    if (this.isKept(key, bytes, start, end) && this.#copy(out, key, bytes, start, end)) return;
    const text = this.textOf(key, bytes, start, end);
    writeText(out, text);
    this.lastHash = pairHash(key.hash, text);
  }

  // False, and nothing is written, when the bytes are not ASCII: they may be no UTF-8 either.
  #copy(out: ByteWriter, key: KeyWord, bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    const known = length <= LONGEST_KNOWN_VALUE ? KNOWN_VALUES.get(bytes, start, end) : undefined;
    const before = out.length;
    if (known) out.varint(known.place * 4 + 1);
    else out.varint(length * 4);
    const into = out.room(length);
    const at = out.length - start;
    let union = 0;
    let hash = Math.imul(key.hash ^ 0xff, PRIME);
    const hashEnd = length > MAX_HASHED_BYTES ? start + MAX_HASHED_BYTES : end;
    for (let i = start; i < hashEnd; i += 1) {
      const byte = bytes[i] as number;
      union |= byte;
      hash = Math.imul(hash ^ byte, PRIME);
      into[at + i] = byte;
    }
    for (let i = hashEnd; i < end; i += 1) {
      const byte = bytes[i] as number;
      union |= byte;
      into[at + i] = byte;
    }
    this.lastHash = hash >>> 0;
    if (union >= 0x80) {
      out.advance(before - out.length);
      return false;
    }
    if (!known) out.advance(length);
    return true;
  }
}

/** Writes a word by its place, or its bytes. */
export function writeKnownBytes(out: ByteWriter, word: Word): void {
  if (word.place >= 0) {
    out.varint(word.place * 2 + 1);
    return;
  }
  const { bytes } = word;
  out.varint(bytes.length * 2);
  const into = out.room(bytes.length);
  const at = out.length;
  for (let i = 0; i < bytes.length; i += 1) into[at + i] = bytes[i] as number;
  out.advance(bytes.length);
}
