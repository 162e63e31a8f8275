import type { JsonCursor } from './json-cursor.ts';
import { CHAR } from './json-cursor.ts';
import { UNUSUAL } from './unusual.ts';
import { type Word, WordTable } from './word-table.ts';

interface Field extends Word {
  readonly index: number;
}

/** Finds which of some fields a JSON key names, without making a text of it. */
export class JsonFields {
  readonly #fields: WordTable<Field>;
  // What came behind each field the last time: records of one sender have their fields in one order.
  readonly #behind: (Field | undefined)[] = [];

  /** @param names at most 32, no one twice */
  constructor(names: readonly string[]) {
    this.#fields = new WordTable((word) => ({ ...word, index: names.indexOf(word.text) }));
    for (const name of names) {
      const bytes = new TextEncoder().encode(name);
      this.#fields.find(new DataView(bytes.buffer), 0, bytes.length);
    }
  }

  /**
   * Takes a key and its colon; answers the place of its name. A key of any other name is unusual.
   * @param before the place of the key before, -1 for the first
   */
  next(cursor: JsonCursor, before: number): number {
    cursor.take(CHAR.quote);
    let field = this.#behind[before + 1];
    if (!field || !cursor.takeText(field)) {
      cursor.restOfString();
      field = this.#fields.get(cursor.view, cursor.textStart, cursor.textEnd);
      if (field === undefined) throw UNUSUAL;
      this.#behind[before + 1] = field;
    }
    cursor.take(CHAR.colon);
    return field.index;
  }
}
