import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchEncoder, decodeBatch } from '../../edge/store/encoding/batch.ts';
import { CODEC, decodeBlock, encodeBlock } from '../../edge/store/encoding/block.ts';
import { ByteReader, DamagedDataError } from '../../edge/store/encoding/byte-reader.ts';
import { ByteWriter } from '../../edge/store/encoding/byte-writer.ts';
import {
  type Chunk,
  type ChunkContent,
  ChunkEncoder,
  decodeChunk,
  ordinalsOf,
} from '../../edge/store/encoding/chunk.ts';
import { KNOWN_WORDS } from '../../edge/store/encoding/known-words.ts';
import { readTime, timeBase, writeTime } from '../../edge/store/encoding/time.ts';
import { readValue, writeValue } from '../../edge/store/encoding/value.ts';
import type { OtlpAnyValue } from '../../src/wire/otlp.ts';
import { pageViews } from '../support/page-views.ts';

function chunkOf(content: ChunkContent): Chunk {
  const encoder = new ChunkEncoder();
  encoder.encode(content, ordinalsOf(content.spans));
  return { ids: encoder.ids.copy(), body: encoder.body.copy() };
}

describe('bytes', () => {
  test('numbers, texts and ids come back', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.double(),
        (int, text, double) => {
          const out = new ByteWriter(1);
          out.varint(int);
          out.text(text);
          out.double(double);
          out.hex('00ff10abcdef');
          const reader = new ByteReader(out.copy());
          expect(reader.varint()).toBe(int);
          expect(reader.text(reader.varint())).toBe(text);
          expect(reader.double()).toBe(double);
          expect(reader.hex(6)).toBe('00ff10abcdef');
          expect(reader.done).toBe(true);
        },
      ),
    );
  });

  test('a number without an end is damage, not a loop', () => {
    expect(() => new ByteReader(Buffer.alloc(20, 0xff)).varint()).toThrow(DamagedDataError);
    expect(() => new ByteReader(Buffer.alloc(0)).varint()).toThrow(DamagedDataError);
    expect(() => new ByteReader(Buffer.from([5, 1])).text(5)).toThrow(DamagedDataError);
  });
});

describe('times', () => {
  const nanos = fc.bigInt(0n, 2n ** 64n - 1n).map(String);

  test('every time comes back to the nanosecond, from any base', () => {
    fc.assert(
      fc.property(nanos, nanos, (base, time) => {
        const out = new ByteWriter();
        writeTime(out, timeBase(base), time);
        expect(readTime(new ByteReader(out.copy()), timeBase(base))).toBe(time);
      }),
      { numRuns: 1000 },
    );
  });

  test('near times are short in the clock they were read from', () => {
    const base = '1763788800123000000';
    for (const [time, bytes] of [
      ['1763788800124000000', 1],
      ['1763788800323400000', 3],
      ['1763788799123000000', 2],
      ['1763788802323400000', 3],
    ] as const) {
      const out = new ByteWriter();
      writeTime(out, timeBase(base), time);
      expect(out.length, time).toBeLessThanOrEqual(bytes);
    }
  });
});

describe('values', () => {
  const leaf: fc.Arbitrary<OtlpAnyValue> = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((stringValue) => ({ stringValue })),
    fc.constantFrom(...KNOWN_WORDS).map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((int) => ({ intValue: String(int) })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((doubleValue) => ({ doubleValue })),
    fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => ({ doubleValue: Math.round(value * 1000) / 1000 })),
    fc.constantFrom('NaN', 'Infinity', '-Infinity', null).map((doubleValue) => ({ doubleValue })),
    fc.uint8Array().map((bytes) => ({ bytesValue: Buffer.from(bytes).toString('base64') })),
    fc.constant({ bytesValue: 'no base64!' }),
    fc.constant({}),
  );
  const { value } = fc.letrec<{ value: OtlpAnyValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 5 }).map((values) => ({ arrayValue: { values } })),
      fc
        .array(fc.record({ key: fc.string(), value: tie('value') }), { maxLength: 5 })
        .map((values) => ({ kvlistValue: { values } })),
    ),
  }));

  test('every OTLP value comes back as it was', () => {
    fc.assert(
      fc.property(value, (before) => {
        const out = new ByteWriter();
        writeValue(out, before);
        const reader = new ByteReader(out.copy());
        expect(readValue(reader)).toEqual(before);
        expect(reader.done).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a number for a 64-bit integer becomes its decimal string', () => {
    for (const [int, text] of [
      [12, '12'],
      [-7, '-7'],
      [2 ** 53, '9007199254740992'],
      [-(2 ** 60), '-1152921504606846976'],
    ] as const) {
      const out = new ByteWriter();
      writeValue(out, { intValue: int });
      expect(readValue(new ByteReader(out.copy()))).toEqual({ intValue: text });
    }
  });

  test('negative zero stays negative', () => {
    const out = new ByteWriter();
    writeValue(out, { doubleValue: -0 });
    expect(readValue(new ByteReader(out.copy()))).toEqual({ doubleValue: -0 });
  });
});

describe('chunks, batches and blocks', () => {
  const view = pageViews().next().value;
  const contents = view.batches.map(({ trust, spans, logs }): ChunkContent => ({ trust, spans, logs }));

  test('a chunk holds what it was given', () => {
    for (const content of contents) expect(decodeChunk(chunkOf(content), view.traceId)).toEqual(content);
  });

  test('a batch holds its chunks and when it came', () => {
    const { record, chunks } = new BatchEncoder().encode(
      12_345,
      contents.map((content) => ({ traceId: view.traceId, content, ordinals: ordinalsOf(content.spans) })),
    );
    const batch = decodeBatch(record);
    expect(batch.receivedAtMs).toBe(12_345);
    expect(batch.chunks).toEqual(chunks.map((chunk) => ({ traceId: view.traceId, chunk })));
  });

  test('a block gives back every slot, whatever it is compressed with', () => {
    const slots = [contents.map(chunkOf), [], contents.slice(1).map(chunkOf)];
    for (const codec of [CODEC.zstd, CODEC.deflate]) expect(decodeBlock(encodeBlock(slots, codec))).toEqual(slots);
  });

  test('damaged bytes are told, never read as something else or run forever', () => {
    const block = encodeBlock([contents.map(chunkOf)]);
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(block);
        damaged[at] = (damaged[at] as number) ^ flip;
        try {
          for (const chunk of decodeBlock(damaged)[0] ?? []) decodeChunk(chunk, view.traceId);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedDataError);
        }
      }),
      { numRuns: 500 },
    );
    for (let length = 0; length < block.length; length += 17) {
      expect(() => decodeBlock(block.subarray(0, length))).toThrow(DamagedDataError);
    }
  });

  test('a page view takes no more than the format promises', () => {
    const views = pageViews({ seed: 7 });
    const slots = Array.from({ length: 32 }, () => views.next().value.batches.map((batch) => chunkOf(batch)));
    expect(encodeBlock(slots).length / (32 * 21)).toBeLessThan(50);
  });
});

test('the known words of the format never change their places', () => {
  expect(new Set(KNOWN_WORDS).size).toBe(KNOWN_WORDS.length);
  // Words are added at the end. A change of any of these would turn stored data into something else.
  expect([0, 7, 14, 31, 70, 75, 87].map((place) => KNOWN_WORDS[place])).toMatchInlineSnapshot(`
    [
      "service.name",
      "session.id",
      "http.route",
      "throughline.key.id",
      "browser.web_vital",
      "GET",
      "navigation",
    ]
  `);
});
