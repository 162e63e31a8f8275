import type { OtlpAnyValue, OtlpKeyValue } from '../../../src/wire/otlp.ts';
import type { DecodedRequest } from '../../otlp/decoded-request.ts';
import type { ResourceRecord, ScopeRecord } from '../../otlp/records.ts';
import type { TextFilter } from '../../store/packing/text-filter.ts';
import { isHarmless, type ScrubRule, scrubText } from './scrub-text.ts';

/** How many values each rule changed. */
export type ScrubCounts = Partial<Record<ScrubRule, number>>;

const REDACTED = 'REDACTED';
/** Keys whose value is a secret whatever it looks like; the last part of the key decides. */
const SECRET_KEY =
  /(?:^|[._-])(?:password|passwd|pwd|passphrase|secret|client_?secret|token|(?:access|refresh|id|auth|session|bearer)_?token|api_?key|private_?key|access_?key|credentials?|authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-auth-token|otp|cvv|ssn)$/i;
/** Keys somebody set to say who a user is: what is meant to be there is left. */
const MEANT = /^(?:user|enduser)\./;
const MAX_KNOWN_KEYS = 4096;

/**
 * Takes secrets and personal data out of what comes in, before anything is written anywhere. The same input always gives
 * the same output, so a batch that is sent again is the same.
 */
export function createScrubber(counts: ScrubCounts): TextFilter {
  const knownKeys = new Map<string, boolean>();
  const isSecretKey = (key: string): boolean => {
    let isSecret = knownKeys.get(key);
    if (isSecret === undefined) {
      isSecret = SECRET_KEY.test(key);
      if (knownKeys.size >= MAX_KNOWN_KEYS) knownKeys.clear();
      knownKeys.set(key, isSecret);
    }
    return isSecret;
  };
  let changes = 0;
  const onFound = (rule: ScrubRule) => {
    changes += 1;
    counts[rule] = (counts[rule] ?? 0) + 1;
  };
  const replacement = () => {
    onFound('key');
    return REDACTED;
  };
  const text = (value: string) => scrubText(value, onFound);

  // Recursion is bounded by the depth the codec lets a value have.
  const scrubValue = (value: OtlpAnyValue): void => {
    if (value.stringValue !== undefined) value.stringValue = text(value.stringValue);
    else if (value.arrayValue) for (const item of value.arrayValue.values ?? []) scrubValue(item);
    else if (value.kvlistValue) scrubAttributes(value.kvlistValue.values);
  };
  const scrubAttributes = (attributes: OtlpKeyValue[] | undefined): void => {
    if (attributes === undefined) return;
    for (const attribute of attributes) {
      const { key, value } = attribute;
      if (value === undefined) continue;
      if (isSecretKey(key) && isTextual(value)) {
        if (value.stringValue !== REDACTED) attribute.value = { stringValue: replacement() };
      } else if (!MEANT.test(key)) scrubValue(value);
    }
  };

  return {
    keyPolicy: (key) => (SECRET_KEY.test(key) ? 'replaced' : MEANT.test(key) ? 'kept' : 'filtered'),
    replacement,
    isPlain: isHarmless,
    text,
    value: scrubValue,
    attributes(attributes) {
      const before = changes;
      scrubAttributes(attributes);
      return changes > before;
    },
  };
}

/** Filters all texts of a request that was just decoded, in place: it is not shared yet. */
export function scrubRequest(request: DecodedRequest, { text, value, attributes }: TextFilter): void {
  const shared = new Set<ResourceRecord | ScopeRecord>();
  const scrubShared = (owner: ResourceRecord | ScopeRecord) => {
    if (shared.has(owner)) return;
    shared.add(owner);
    attributes(owner.attributes);
  };
  for (const { resource, scope, span } of request.spans) {
    scrubShared(resource);
    scrubShared(scope);
    span.name = text(span.name);
    attributes(span.attributes);
    if (span.status?.message) span.status.message = text(span.status.message);
    if (span.events)
      for (const event of span.events) {
        event.name = text(event.name);
        attributes(event.attributes);
      }
    if (span.links) for (const link of span.links) attributes(link.attributes);
  }
  for (const { resource, scope, log } of request.logs) {
    scrubShared(resource);
    scrubShared(scope);
    attributes(log.attributes);
    if (log.body) value(log.body);
  }
}

// A number under such a key is a count of tokens and the like.
function isTextual(value: OtlpAnyValue): boolean {
  return Boolean(value.stringValue || value.bytesValue || value.arrayValue || value.kvlistValue);
}
