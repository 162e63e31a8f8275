import { pairHash } from '../attribute-hash.ts';
import type { ByteWriter } from '../encoding/byte-writer.ts';
import { KNOWN_WORDS, LONGEST_KNOWN_VALUE } from '../encoding/known-words.ts';
import { writeText, writeWord } from '../encoding/value.ts';
import type { KeyWord } from './key-word.ts';
import type { ScannedRecord } from './scanned-record.ts';
import type { TextFilter } from './text-filter.ts';
import { type Word, WordTable } from './word-table.ts';

// FNV-1a, as in attribute-hash.ts: computed here from the bytes of the body.
const PRIME = 0x01000193;
const MAX_HASHED_BYTES = 128;
/** The highest bits of four bytes. */
const NOT_ASCII = 0x80808080 | 0;

// Values that the format has a place for.
const KNOWN_VALUES = new WordTable<Word>((word) => word);
for (const text of KNOWN_WORDS) {
  const bytes = Uint8Array.from(Buffer.from(text));
  if (bytes.length <= LONGEST_KNOWN_VALUE) KNOWN_VALUES.find(new DataView(bytes.buffer), 0, bytes.length);
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
  name(out: ByteWriter, { bytes, view }: ScannedRecord, start: number, end: number): string {
    const word = this.#names.find(view, start, end);
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
  textOf(key: KeyWord, record: ScannedRecord, start: number, end: number): string {
    if (this.isKept(key, record, start, end)) return record.bytes.toString('utf8', start, end);
    if (key.policy === 'replaced') return this.#filter.replacement();
    return this.#filter.text(record.bytes.toString('utf8', start, end));
  }

  /** Whether a value is written as it is, as far as the filter goes. */
  isKept(key: KeyWord, record: ScannedRecord, start: number, end: number): boolean {
    if (key.start === start && key.weighed === start && key.body === record.bodyNumber) return key.isKept;
    if (end === start || key.policy === 'kept') return true;
    return key.policy === 'filtered' && this.#filter.isPlain(record.bytes, start, end);
  }

  /** Writes a value; leaves its hash in `lastHash`. */
  value(out: ByteWriter, key: KeyWord, record: ScannedRecord, start: number, end: number): void {
    const isLast = key.start === start && key.body === record.bodyNumber;
    if (!isLast || key.weighed !== start) {
      const isKept = this.isKept(key, record, start, end) && this.#weigh(key, record.view, start, end);
      // Of a text that goes the other way nothing is kept: what is taken out of it counts each time.
      if (!isKept) {
        const text = this.textOf(key, record, start, end);
        writeText(out, text);
        this.lastHash = pairHash(key.hash, text);
        return;
      }
      key.weighed = isLast ? start : -1;
    }
    this.lastHash = key.pair;
    if (key.textPlace >= 0) out.varint(key.textPlace * 4 + 1);
    else copyText(out, record.view, start, end);
  }

  // Finds out what there is to know of a text the filter leaves alone; false when it is not ASCII: it may be no UTF-8 either.
  #weigh(key: KeyWord, view: DataView, start: number, end: number): boolean {
    const length = end - start;
    let union = 0;
    let hash = Math.imul(key.hash ^ 0xff, PRIME);
    const hashEnd = length > MAX_HASHED_BYTES ? start + MAX_HASHED_BYTES : end;
    let at = start;
    for (const last = hashEnd - 4; at <= last; at += 4) {
      const four = view.getInt32(at);
      union |= four;
      hash = Math.imul(hash ^ (four >>> 24), PRIME);
      hash = Math.imul(hash ^ ((four >> 16) & 0xff), PRIME);
      hash = Math.imul(hash ^ ((four >> 8) & 0xff), PRIME);
      hash = Math.imul(hash ^ (four & 0xff), PRIME);
    }
    for (; at < hashEnd; at += 1) {
      const byte = view.getUint8(at);
      union |= byte;
      hash = Math.imul(hash ^ byte, PRIME);
    }
    for (const last = end - 4; at <= last; at += 4) union |= view.getInt32(at);
    for (; at < end; at += 1) union |= view.getUint8(at);
    if ((union & NOT_ASCII) !== 0) return false;
    key.isKept = true;
    key.pair = hash;
    key.textPlace = length <= LONGEST_KNOWN_VALUE ? (KNOWN_VALUES.get(view, start, end)?.place ?? -1) : -1;
    return true;
  }
}

function copyText(out: ByteWriter, view: DataView, start: number, end: number): void {
  const length = end - start;
  out.varint(length * 4);
  out.rawOf(view, start, length);
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
