import {
  ATTR_ACTIVITY,
  ATTR_EVENT_ID,
  ATTR_HTTP_ROUTE,
  ATTR_PAGE_VIEW_ID,
  ATTR_SESSION_ID,
  ATTR_URL_TEMPLATE,
  ATTR_USER_HASH,
  ATTR_USER_ID,
  ATTR_WEB_VITAL_NAME,
  ATTR_WEB_VITAL_TARGET,
  ATTR_WEB_VITAL_VALUE,
} from '../../../src/wire/names.ts';
import type { OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { keyHash, UNHASHED_KEYS } from '../attribute-hash.ts';
import type { TextFilter } from './text-filter.ts';
import { type Word, WordTable } from './word-table.ts';

/** What a summary reads of an attribute of a span that is neither a root nor served. */
export const TOLD = { never: 0, ofRoots: 1, session: 2, user: 3, pageView: 4 } as const;

/** What `addSpan`, `addLog`, `requestOf` and `logKey` read of spans and log records. */
const TOLD_KEYS: ReadonlyMap<string, number> = new Map([
  [ATTR_ACTIVITY, TOLD.ofRoots],
  [ATTR_EVENT_ID, TOLD.ofRoots],
  [ATTR_HTTP_ROUTE, TOLD.ofRoots],
  [ATTR_PAGE_VIEW_ID, TOLD.pageView],
  [ATTR_SESSION_ID, TOLD.session],
  [ATTR_URL_TEMPLATE, TOLD.ofRoots],
  [ATTR_USER_HASH, TOLD.user],
  [ATTR_USER_ID, TOLD.user],
  [ATTR_WEB_VITAL_NAME, TOLD.ofRoots],
  [ATTR_WEB_VITAL_TARGET, TOLD.ofRoots],
  [ATTR_WEB_VITAL_VALUE, TOLD.ofRoots],
]);

/** No body has this number. */
const NO_BODY = -1;

/** The key of an attribute, and all that is known of attributes under it. */
export class KeyWord implements Word {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly quads: Int32Array;
  readonly tail: number;
  readonly place: number;
  readonly policy: 'replaced' | 'filtered' | 'kept';
  readonly hash: number;
  /** Whether values are hashed for the filters of blocks. */
  readonly isHashed: boolean;
  /** One of `TOLD`. */
  readonly told: number;
  readonly isEventId: boolean;
  /** Whether JSON writes it as it is. */
  readonly isPlainJson: boolean;
  /** How JSON writes an attribute with it up to its text; made when it is first needed. */
  jsonText: Word | undefined = undefined;
  /** The key that came behind it the last time: records of one sender have their keys in one order. */
  after: KeyWord | undefined = undefined;

  /** The number of the body that the rest is of. */
  body = NO_BODY;
  /** The last text under the key, where it was first seen in a row. */
  start = 0;
  end = 0;
  /** The text of which the next three are known, by its start. */
  weighed = -1;
  /** Whether it is written as it is. */
  isKept = false;
  /** Of key and text. */
  pair = 0;
  /** Its place among the known words, -1 when it has none. */
  textPlace = -1;
  /** The text that `attribute` holds, by its start. */
  read = -1;
  attribute: OtlpKeyValue | undefined = undefined;

  constructor(word: Word, filter: TextFilter) {
    const { text } = word;
    this.text = text;
    this.bytes = word.bytes;
    this.quads = word.quads;
    this.tail = word.tail;
    this.place = word.place;
    this.policy = filter.keyPolicy(text);
    this.hash = keyHash(text);
    this.isHashed = !UNHASHED_KEYS.has(text);
    this.told = TOLD_KEYS.get(text) ?? TOLD.never;
    this.isEventId = text === ATTR_EVENT_ID;
    this.isPlainJson = JSON.stringify(text).length === text.length + 2;
  }

  /** A text under the key that is not the last one. */
  take(body: number, start: number, end: number): void {
    this.body = body;
    this.start = start;
    this.end = end;
    this.weighed = -1;
    this.read = -1;
  }
}

export function createKeyTable(filter: TextFilter): WordTable<KeyWord> {
  return new WordTable((word) => new KeyWord(word, filter));
}
