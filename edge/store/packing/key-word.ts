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
import { keyHash, UNHASHED_KEYS } from '../attribute-hash.ts';
import type { TextFilter } from './text-filter.ts';
import { type Word, WordTable } from './word-table.ts';

/** The key of an attribute, and all that is known of attributes under it. */
export interface KeyWord extends Word {
  readonly policy: 'replaced' | 'filtered' | 'kept';
  readonly hash: number;
  /** Whether values are hashed for the filters of blocks. */
  readonly isHashed: boolean;
  /** Whether a summary reads it. */
  readonly isTold: boolean;
  readonly isEventId: boolean;
}

/** What `addSpan`, `addLog`, `requestOf` and `logKey` read of spans and log records. */
const TOLD: ReadonlySet<string> = new Set([
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
]);

export function createKeyTable(filter: TextFilter): WordTable<KeyWord> {
  return new WordTable((word) => ({
    ...word,
    policy: filter.keyPolicy(word.text),
    hash: keyHash(word.text),
    isHashed: !UNHASHED_KEYS.has(word.text),
    isTold: TOLD.has(word.text),
    isEventId: word.text === ATTR_EVENT_ID,
  }));
}
