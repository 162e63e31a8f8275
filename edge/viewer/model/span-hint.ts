import {
  ATTR_DB_QUERY_TEXT,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
} from '../../../src/wire/names.ts';
import type { SpanView } from '../../trace/trace-view.ts';
import { textOf } from './attribute-text.ts';

const MAX_HINT_CHARS = 90;

/**
 * What tells a span from its namesakes: names are of low cardinality by convention (`GET`, `resource script`), so the row
 * also says the address, the queue or the query. '' when the name says it already.
 */
export function spanHint(span: SpanView): string {
  const { attributes, name } = span;
  const hints = [
    addressHint(textOf(attributes[ATTR_URL_FULL])),
    textOf(attributes[ATTR_URL_PATH]),
    textOf(attributes[ATTR_MESSAGING_DESTINATION_NAME]),
    textOf(attributes[ATTR_DB_QUERY_TEXT]),
  ];
  const hint = hints.find((text) => text !== '') ?? '';
  return name.includes(hint) ? '' : hint.slice(0, MAX_HINT_CHARS);
}

// The path without the query: what is left of a query after redaction rarely tells two requests apart, and is long.
function addressHint(address: string): string {
  if (address === '') return '';
  try {
    return new URL(address).pathname;
  } catch {
    return address; // expected: senders write what they like
  }
}
