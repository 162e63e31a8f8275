import type { OtlpAnyValue, OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { type ByteReader, DamagedDataError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readValue, readWord, SAME_VALUE, writeValue, writeWord } from './value.ts';

/** A list of keys that came before, with the last value of each. */
interface Shape {
  keys: readonly string[];
  last: (OtlpAnyValue | undefined)[];
}

const NEW_SHAPE = 0;
// Attributes made up to have no shape in common must not be searched for ever.
const MAX_SHAPES = 24;

/**
 * Attributes of the records of one chunk. Records of a kind have the same keys in the same order and many equal values
 * (session, host, method): keys are written once a chunk, and a value that is the one before is a single byte.
 */
export class ShapeWriter {
  readonly #shapes: Shape[] = [];

  write(out: ByteWriter, attributes: readonly OtlpKeyValue[]): void {
    const index = this.#find(attributes);
    let shape = this.#shapes[index];
    if (shape) out.varint(index + 1);
    else {
      shape = { keys: attributes.map(({ key }) => key), last: [] };
      if (this.#shapes.length < MAX_SHAPES) this.#shapes.push(shape);
      out.varint(NEW_SHAPE);
      out.varint(attributes.length);
      for (const key of shape.keys) writeWord(out, key);
    }
    const { last } = shape;
    for (let i = 0; i < attributes.length; i += 1) {
      const value = attributes[i]?.value;
      if (isSame(last[i], value)) out.byte(SAME_VALUE);
      else {
        writeValue(out, value);
        last[i] = value;
      }
    }
  }

  #find(attributes: readonly OtlpKeyValue[]): number {
    const shapes = this.#shapes;
    for (let index = 0; index < shapes.length; index += 1) {
      const keys = shapes[index]?.keys as readonly string[];
      if (keys.length !== attributes.length) continue;
      let i = 0;
      while (i < keys.length && keys[i] === attributes[i]?.key) i += 1;
      if (i === keys.length) return index;
    }
    return -1;
  }
}

function isSame(a: OtlpAnyValue | undefined, b: OtlpAnyValue | undefined): boolean {
  if (!a || !b) return false;
  if (b.stringValue !== undefined) return a.stringValue === b.stringValue;
  if (b.intValue !== undefined) return a.intValue === b.intValue && a.stringValue === undefined;
  return false;
}

/** Reads what a `ShapeWriter` wrote, record by record in the same order. */
export class ShapeReader {
  readonly #shapes: Shape[] = [];

  read(reader: ByteReader): OtlpKeyValue[] {
    const index = reader.varint();
    let shape = this.#shapes[index - 1];
    if (index === NEW_SHAPE) {
      const keys: string[] = [];
      for (let left = reader.varint(); left > 0; left -= 1) keys.push(readWord(reader));
      shape = { keys, last: [] };
      if (this.#shapes.length < MAX_SHAPES) this.#shapes.push(shape);
    }
    if (!shape) throw new DamagedDataError('A record names attribute keys that are not there.');
    const { keys, last } = shape;
    return keys.map((key, i) => {
      const value = readValue(reader, last[i]);
      last[i] = value;
      return { key, value };
    });
  }
}
