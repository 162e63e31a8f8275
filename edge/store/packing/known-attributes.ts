import type { OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { addAttributeHashes } from '../attribute-hash.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import { writeValue, writeWord } from '../encoding/value.ts';
import type { TextFilter } from './text-filter.ts';

/** An attribute as it is written, and its hashes. */
export interface KnownAttribute {
  attribute: OtlpKeyValue;
  bytes: Buffer;
  hashes: readonly number[];
  /** The filter that was found to leave it as it is. */
  plainFor: TextFilter | undefined;
}

/** With MAX_CHARS, what strangers can leave behind here: about a megabyte. */
const MAX_ATTRIBUTES = 2048;
const MAX_CHARS = 256;

const known = new Map<string, Map<string, KnownAttribute>>();
let count = 0;
const out = new ByteWriter(4096);

/**
 * What is known of an attribute of a resource: resources differ in few of their attributes, so those of a new one came
 * before nearly all. Of what is no text, or a long one, nothing is remembered.
 */
export function knownAttribute(attribute: OtlpKeyValue): KnownAttribute {
  const found = find(attribute);
  if (found !== undefined) return found;
  const learned = learn(attribute);
  const text = attribute.value?.stringValue;
  if (text !== undefined && attribute.key.length + text.length <= MAX_CHARS) remember(attribute.key, text, learned);
  return learned;
}

function find({ key, value }: OtlpKeyValue): KnownAttribute | undefined {
  return value?.stringValue === undefined ? undefined : known.get(key)?.get(value.stringValue);
}

function remember(key: string, text: string, attribute: KnownAttribute): void {
  if (count === MAX_ATTRIBUTES) {
    known.clear();
    count = 0;
  }
  count += 1;
  const texts = known.get(key);
  if (texts) texts.set(text, attribute);
  else known.set(key, new Map([[text, attribute]]));
}

function learn(attribute: OtlpKeyValue): KnownAttribute {
  out.reset();
  writeWord(out, attribute.key);
  writeValue(out, attribute.value);
  const hashes = new Set<number>();
  addAttributeHashes(hashes, [attribute]);
  return { attribute, bytes: out.copy(), hashes: [...hashes], plainFor: undefined };
}

/**
 * Filters attributes in place, as the filter does; answers whether one was changed. Attributes that are known take the place
 * of their equals, so that resources share them.
 */
export function filterKnown(filter: TextFilter, attributes: OtlpKeyValue[] | undefined): boolean {
  if (attributes === undefined) return false;
  let isChanged = false;
  for (let i = 0; i < attributes.length; i += 1) {
    const attribute = attributes[i] as OtlpKeyValue;
    const found = find(attribute);
    if (found?.plainFor === filter) attributes[i] = found.attribute;
    // What is taken out is not remembered.
    else if (filter.attributes([attribute])) isChanged = true;
    else if (attribute.value?.stringValue !== undefined) knownAttribute(attribute).plainFor = filter;
  }
  return isChanged;
}
