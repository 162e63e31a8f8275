import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addAttributeHashes,
  conditionHashes,
  keyHash,
  pairHash,
  pairHashOfBytes,
} from '../../edge/store/attribute-hash.ts';
import { createAttributeSearch, meetsAttributes } from '../../edge/store/attribute-search.ts';
import { encodeBlockFilter, mayHold } from '../../edge/store/block-filter.ts';
import { type Chunk, ChunkEncoder, ordinalsOf } from '../../edge/store/encoding/chunk.ts';
import type { AttributeCondition } from '../../edge/store/trace-store.ts';
import * as names from '../../src/wire/names.ts';
import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('', '007', '-0', '1e3', 'true', 'NaN', 'GET', '500', '0.5', 'Grüße', 'x'.repeat(129)),
);
const value: fc.Arbitrary<OtlpAnyValue> = fc.oneof(
  text.map((stringValue) => ({ stringValue })),
  fc.boolean().map((boolValue) => ({ boolValue })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => ({ intValue: String(n) })),
  fc.integer().map((n) => ({ intValue: String(n) })),
  fc.constantFrom('007', '+5', '-0', '0001125899906842625').map((intValue) => ({ intValue })),
  fc.double().map((n) => ({ doubleValue: Number.isFinite(n) ? n : String(n) })),
  fc.integer().map((doubleValue) => ({ doubleValue })),
  fc.constantFrom<OtlpAnyValue>({}, { bytesValue: 'AAEC' }, { arrayValue: { values: [{ intValue: '1' }] } }),
);
const key = fc.oneof(text, fc.constantFrom(...[names.ATTR_RESOURCE_TRANSFER_SIZE, names.ATTR_HTTP_ROUTE]));
const attributes: fc.Arbitrary<OtlpKeyValue[]> = fc.array(fc.record({ key, value }), { maxLength: 6 });

describe('the filter of a block', () => {
  test('never denies what is there: whatever a search finds in a chunk, its filter lets through', () => {
    fc.assert(
      fc.property(attributes, attributes, attributes, text, (ofSpan, ofLog, ofResource, other) => {
        const { chunk, filter } = written(ofSpan, ofLog, ofResource);
        for (const condition of conditionsOf([...ofSpan, ...ofLog, ...ofResource], other)) {
          const found = meetsAttributes(createAttributeSearch([condition]), TRACE_ID, () => [chunk]);
          const isLetThrough = conditionHashes([condition]).every((hash) => mayHold(filter, hash));
          if (found) expect(isLetThrough, JSON.stringify(condition)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('the conditions of the property are found, so that it cannot hold by finding nothing', () => {
    let found = 0;
    fc.assert(
      fc.property(attributes, (ofSpan) => {
        const { chunk } = written(ofSpan, [], []);
        for (const condition of conditionsOf(ofSpan, ''))
          if (meetsAttributes(createAttributeSearch([condition]), TRACE_ID, () => [chunk])) found += 1;
      }),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(500);
  });

  test('denies nearly everything that is not there', () => {
    const hashes = new Set<number>();
    const ofKey = keyHash('order.id');
    for (let i = 0; i < 3000; i += 1) hashes.add(pairHash(ofKey, `order-${i}`));
    const filter = encodeBlockFilter([...hashes]);
    let letThrough = 0;
    for (let i = 3000; i < 13_000; i += 1) if (mayHold(filter, pairHash(ofKey, `order-${i}`))) letThrough += 1;
    expect(letThrough).toBeLessThan(400);
    expect(filter.length).toBe(3000);
  });

  test('does not grow without end, and then lets through rather than deny', () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 200_000; i += 1) hashes.add(pairHash(keyHash('made up'), String(i)));
    const filter = encodeBlockFilter([...hashes]);
    expect(filter.length).toBe(16 * 1024);
    for (const hash of [...hashes].slice(0, 1000)) expect(mayHold(filter, hash)).toBe(true);
  });

  test('a value hashes alike as text and as the bytes of its text', () => {
    fc.assert(
      fc.property(text, text, (someKey, someValue) => {
        // Lone surrogates become U+FFFD on the way to bytes, as they do in the store.
        const bytes = Buffer.from(someValue);
        expect(pairHashOfBytes(keyHash(someKey), bytes, 0, bytes.length)).toBe(pairHash(keyHash(someKey), someValue));
      }),
    );
  });
});

function written(
  ofSpan: OtlpKeyValue[],
  ofLog: OtlpKeyValue[],
  ofResource: OtlpKeyValue[],
): { chunk: Chunk; filter: Uint8Array } {
  const resource = { attributes: ofResource };
  const scope = { name: '' };
  const span = {
    traceId: TRACE_ID,
    spanId: '00f067aa0ba902b7',
    name: '',
    kind: 1,
    startTimeUnixNano: '1',
    endTimeUnixNano: '2',
    attributes: ofSpan,
  };
  const spans = [{ resource, scope, span }];
  const logs = [{ resource, scope, log: { traceId: TRACE_ID, timeUnixNano: '1', attributes: ofLog } }];
  const encoder = new ChunkEncoder();
  encoder.encode({ trust: 'public', spans, logs }, ordinalsOf(spans));
  const hashes = new Set<number>();
  for (const list of [ofSpan, ofLog, ofResource]) addAttributeHashes(hashes, list);
  return { chunk: { ids: encoder.ids.copy(), body: encoder.body.copy() }, filter: encodeBlockFilter([...hashes]) };
}

/** The attributes themselves as people would ask for them, and some that are near them. */
function conditionsOf(list: readonly OtlpKeyValue[], other: string): AttributeCondition[] {
  return list.flatMap(({ key: ofKey, value: given }) => {
    const plain = given?.stringValue ?? given?.intValue ?? given?.doubleValue ?? given?.boolValue ?? '';
    const texts = [String(plain), String(Number(plain)), String(plain).slice(0, 128), other];
    return [{ key: ofKey }, ...texts.map((one) => ({ key: ofKey, value: one }))];
  });
}
