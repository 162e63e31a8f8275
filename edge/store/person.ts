import { ATTR_SESSION_ID, ATTR_USER_HASH, ATTR_USER_ID } from '../../src/wire/names.ts';
import type { OtlpKeyValue } from '../../src/wire/otlp.ts';
import type { LogRecord } from '../otlp/records.ts';
import { type Origin, originOf } from './origin.ts';
import { NO_ATTRIBUTES, textAttribute } from './text-attribute.ts';
import type { RemoveSelector } from './trace-store.ts';

/** Whose a trace is; '' for what is not known. */
export interface Person {
  sessionId: string;
  /** `user.id`, else `user.hash`. */
  userId: string;
}

const LONGEST_KEY = Math.max(ATTR_SESSION_ID.length, ATTR_USER_ID.length, ATTR_USER_HASH.length);

/** Takes what a record says of a person into what is known. */
export function addPerson(person: Person, attributes: readonly OtlpKeyValue[], origin: Origin): void {
  if (person.sessionId === '') person.sessionId = origin.sessionId;
  if (person.sessionId !== '' && person.userId !== '') return;
  for (const { key, value } of attributes) {
    // Most keys are none of these, and lengths are compared faster than texts.
    if (key.length > LONGEST_KEY) continue;
    if (key === ATTR_SESSION_ID) person.sessionId ||= value?.stringValue ?? '';
    else if (key === ATTR_USER_ID) person.userId = value?.stringValue ?? person.userId;
    else if (key === ATTR_USER_HASH) person.userId ||= value?.stringValue ?? '';
  }
}

/** Whether a log record says it is of a session or a user. */
export function isOf(record: LogRecord, person: RemoveSelector): boolean {
  const attributes = record.log.attributes ?? NO_ATTRIBUTES;
  if ('userId' in person) {
    const userId = textAttribute(attributes, ATTR_USER_ID) ?? textAttribute(attributes, ATTR_USER_HASH);
    return userId === person.userId;
  }
  return (textAttribute(attributes, ATTR_SESSION_ID) ?? originOf(record.resource).sessionId) === person.sessionId;
}
