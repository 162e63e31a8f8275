import { firstRow, type SqlDriver } from './sql-driver.ts';

/** What a word stands for; the numbers are part of the format. */
export const WORD = {
  name: 1,
  services: 2,
  route: 3,
  activity: 4,
  session: 5,
  person: 6,
  service: 7,
  device: 8,
  browser: 9,
  country: 10,
  release: 11,
  target: 12,
} as const;
export type WordKind = (typeof WORD)[keyof typeof WORD];

/** Number of the empty text of every kind. */
export const NO_WORD = 0;
// A word is some 60 bytes here: sessions come without end, names and routes do not.
const MAX_CACHED = 50_000;

/** Numbers for texts, given out by the one writer of a part. */
export class WordWriter {
  readonly #driver: SqlDriver;
  // By kind: joining the two would make and hash a new text every time.
  #ids = new Map<WordKind, Map<string, number>>();
  #cached = 0;
  #next: number;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
    this.#next = Number(firstRow(driver, 'SELECT max(id) AS last FROM word')?.last ?? 0) + 1;
  }

  id(kind: WordKind, text: string): number {
    if (text === '') return NO_WORD;
    const known = this.#ids.get(kind)?.get(text);
    if (known !== undefined) return known;
    const id = findWord(this.#driver, kind, text) ?? this.#add(kind, text);
    if (this.#cached >= MAX_CACHED) this.reset();
    const ids = this.#ids.get(kind) ?? new Map<string, number>();
    this.#ids.set(kind, ids.set(text, id));
    this.#cached += 1;
    return id;
  }

  /** Forgets numbers a rolled back transaction gave out. */
  reset(): void {
    this.#ids = new Map();
    this.#cached = 0;
  }

  #add(kind: WordKind, text: string): number {
    const id = this.#next;
    this.#driver.run('INSERT INTO word(id, kind, text) VALUES(?, ?, ?)', [id, kind, text]);
    this.#next += 1;
    return id;
  }
}

/** Texts of numbers; a number never changes its text. */
export class WordReader {
  readonly #driver: SqlDriver;
  #texts = new Map<number, string>();

  constructor(driver: SqlDriver) {
    this.#driver = driver;
  }

  text(id: number): string {
    if (id === NO_WORD) return '';
    let text = this.#texts.get(id);
    if (text === undefined) {
      text = String(firstRow(this.#driver, 'SELECT text FROM word WHERE id = ?', [id])?.text ?? '');
      if (this.#texts.size >= MAX_CACHED) this.#texts = new Map();
      this.#texts.set(id, text);
    }
    return text;
  }

  id(kind: WordKind, text: string): number | undefined {
    return text === '' ? NO_WORD : findWord(this.#driver, kind, text);
  }

  /** Numbers of those texts of a kind that are known. */
  ids(kind: WordKind, texts: readonly string[]): number[] {
    const sql = 'SELECT id FROM word WHERE kind = ? AND text IN (SELECT value FROM json_each(?))';
    return Array.from(this.#driver.rows(sql, [kind, JSON.stringify(texts)]), ({ id }) => Number(id));
  }

  /** Numbers of the words of a kind that `accepts` takes. */
  matching(kind: WordKind, accepts: (text: string) => boolean): number[] {
    const ids: number[] = [];
    for (const row of this.#driver.rows('SELECT id, text FROM word WHERE kind = ?', [kind])) {
      if (accepts(String(row.text))) ids.push(Number(row.id));
    }
    return ids;
  }
}

function findWord(driver: SqlDriver, kind: WordKind, text: string): number | undefined {
  const id = firstRow(driver, 'SELECT id FROM word WHERE kind = ? AND text = ?', [kind, text])?.id;
  return id === undefined ? undefined : Number(id);
}
