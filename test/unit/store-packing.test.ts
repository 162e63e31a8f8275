import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPackRequest, type PackOptions, type PackRequest } from '../../edge/collector/ingest/pack-request.ts';
import { createScrubber, scrubRequest } from '../../edge/collector/ingest/scrub-records.ts';
import { stampRecords } from '../../edge/collector/ingest/stamp-records.ts';
import { takeLedgers } from '../../edge/collector/ledger/take-ledgers.ts';
import { decodeJson } from '../../edge/otlp/decode-json.ts';
import { decodeLogsProtobuf, decodeTracesProtobuf } from '../../edge/otlp/decode-protobuf.ts';
import { type DecodedRequest, MalformedBodyError } from '../../edge/otlp/decoded-request.ts';
import { encodeLogsProtobuf, encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import type { LogRecord, SpanRecord } from '../../edge/otlp/records.ts';
import { decodeBatch } from '../../edge/store/encoding/batch.ts';
import { ChunkEncoder, decodeChunk, ordinalsOf } from '../../edge/store/encoding/chunk.ts';
import { logKey } from '../../edge/store/encoding/fingerprint.ts';
import { summarize } from '../../edge/store/live-trace.ts';
import type { PackedTrace } from '../../edge/store/packing/packed-batch.ts';
import * as names from '../../src/wire/names.ts';
import type { OtlpAnyValue, OtlpKeyValue, OtlpLogRecord, OtlpSpan } from '../../src/wire/otlp.ts';
import { createBodies } from '../bench/store-bodies.ts';

const RECEIVED_MS = Date.now();
const SENDER: PackOptions['sender'] = { trust: 'public', keyId: 'shop', services: ['*'], country: 'CH' };

// The general way: what packing must come to.
function takeGenerally(body: Uint8Array, format: PackOptions['format']): DecodedRequest {
  const request =
    format === 'json' ? decodeJson(body) : format === 'traces' ? decodeTracesProtobuf(body) : decodeLogsProtobuf(body);
  takeLedgers(request);
  scrubRequest(request, createScrubber({}));
  stampRecords(request, SENDER, RECEIVED_MS);
  return request;
}

function pack(body: Uint8Array, format: PackOptions['format'], packRequest = createPackRequest({})) {
  return packRequest(body, { format, maxRecords: 10_000, sender: SENDER, receivedAtMs: RECEIVED_MS });
}

function byTrace({ spans, logs }: DecodedRequest): Map<string, { spans: SpanRecord[]; logs: LogRecord[] }> {
  const traces = new Map<string, { spans: SpanRecord[]; logs: LogRecord[] }>();
  const of = (traceId: string) => {
    const found = traces.get(traceId) ?? { spans: [], logs: [] };
    traces.set(traceId, found);
    return found;
  };
  for (const record of spans) of(record.span.traceId).spans.push(record);
  for (const record of logs) of(record.log.traceId ?? '').logs.push(record);
  return traces;
}

/** True when the body was packed; fails when what was packed is not what the general way makes of the body. */
function comparePacked(body: Uint8Array, format: PackOptions['format'], packRequest?: PackRequest): boolean {
  const packed = pack(body, format, packRequest);
  if (!packed) return false;
  const request = takeGenerally(body, format);
  expect(request.rejected.size).toBe(0);
  expect([packed.spans, packed.logs]).toEqual([request.spans.length, request.logs.length]);
  const expected = byTrace(request);
  const { traces, record } = packed.batch;
  expect(traces.map(({ traceId }) => traceId).sort()).toEqual([...expected.keys()].sort());
  for (const trace of traces) compareTrace(trace, expected.get(trace.traceId) ?? { spans: [], logs: [] });
  const read = decodeBatch(record);
  expect(read.receivedAtMs).toBe(RECEIVED_MS);
  expect(read.chunks.map(({ traceId, chunk }) => [traceId, chunk.ids, chunk.body])).toEqual(
    traces.map(({ traceId, ids, body }) => [traceId, ids, body]),
  );
  return true;
}

const encoder = new ChunkEncoder();

function compareTrace(packed: PackedTrace, { spans, logs }: { spans: SpanRecord[]; logs: LogRecord[] }): void {
  const content = decodeChunk(packed, packed.traceId);
  encoder.encode({ trust: SENDER.trust, spans, logs }, ordinalsOf(spans));
  const chunk = { ids: encoder.ids.view(), body: encoder.body.view() };
  expect(content).toEqual(decodeChunk(chunk, packed.traceId));
  expect([packed.spans, packed.logs]).toEqual([spans.length, logs.length]);
  const { state, requests, hashes } = summarize(packed.traceId, { spans, logs }, RECEIVED_MS);
  expect(packed.state).toEqual(state);
  expect(packed.requests).toEqual(requests);
  expect(packed.logKeys).toEqual(logs.map(logKey));
  const packedHashes = new Set(packed.hashes);
  expect([...hashes].filter((hash) => !packedHashes.has(hash))).toEqual([]);
}

const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((array) => `${Buffer.from(array).toString('hex').slice(1)}1`);
const TEXTS = [
  'GET',
  'public',
  '',
  '/shop/:id',
  'https://shop.example/a?b=1&token=abc',
  'write to ada@example.org',
  'Bearer abcdefghijk',
  '4111 1111 1111 1111',
  'café ✓ 你好',
  'a "quoted" \\ line\nbreak',
  '\u0000',
  'x'.repeat(200),
];
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'grapheme', maxLength: 40 }));
const KEYS = [
  names.ATTR_SESSION_ID,
  names.ATTR_USER_ID,
  names.ATTR_URL_TEMPLATE,
  names.ATTR_HTTP_ROUTE,
  names.ATTR_ACTIVITY,
  names.ATTR_URL_FULL,
  names.ATTR_RESOURCE_TRANSFER_SIZE,
  'user.password',
  'x.token',
];
const key = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...KEYS) }, { weight: 1, arbitrary: text });
const { value } = fc.letrec<{ value: OtlpAnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    text.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.maxSafeInteger().map((number) => ({ intValue: String(number) })),
    fc.nat({ max: 300 }).map((number) => ({ intValue: number })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((number) => ({ intValue: String(number) })),
    fc.double({ noDefaultInfinity: true, noNaN: true }).map((doubleValue) => ({ doubleValue })),
    fc
      .float({ noDefaultInfinity: true, noNaN: true })
      .map((doubleValue) => ({ doubleValue: Math.fround(doubleValue) })),
    fc.integer({ min: -1e6, max: 1e6 }).map((number) => ({ doubleValue: number / 1000 })),
    fc.constant({ bytesValue: 'AAEC' }),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
  ),
}));
const attributes = fc.array(fc.record({ key, value }), { maxLength: 5 }) as fc.Arbitrary<OtlpKeyValue[]>;
const startMs = RECEIVED_MS - 60_000;
const nanos = fc
  .nat({ max: 60_000_000 })
  .map((micros) => `${startMs + Math.floor(micros / 1000)}${String(micros % 1000).padStart(3, '0')}000`);

const traceId = fc.constantFrom('a'.repeat(32), '00f067aa0ba902b700f067aa0ba902b7', 'C'.repeat(32));
const span = fc
  .record(
    {
      traceId,
      spanId: hex(8),
      parentSpanId: fc.oneof(hex(8), fc.constant('')),
      name: text,
      kind: fc.nat({ max: 7 }),
      times: fc.tuple(nanos, nanos),
      attributes,
      flags: fc.constantFrom(0, 1, 2, 3, 0x101, 0x102),
      status: fc.record({ code: fc.nat({ max: 3 }), message: text }, { requiredKeys: [] }),
      traceState: fc.constantFrom('ot=th:8', 'vendor=1', ''),
      events: fc.array(fc.record({ timeUnixNano: nanos, name: text, attributes }), { maxLength: 2 }),
      links: fc.array(fc.record({ traceId: fc.oneof(hex(16), fc.constant('')), spanId: hex(8), attributes }), {
        maxLength: 2,
      }),
      droppedAttributesCount: fc.nat({ max: 3 }),
    },
    { requiredKeys: ['traceId', 'spanId', 'name', 'times'] },
  )
  .map(({ times, ...rest }): OtlpSpan => {
    const [startTimeUnixNano, endTimeUnixNano] = [...times].sort() as [string, string];
    return { ...rest, startTimeUnixNano, endTimeUnixNano };
  });
const log = fc
  .record(
    {
      traceId,
      spanId: hex(8),
      timeUnixNano: nanos,
      observedTimeUnixNano: nanos,
      eventName: fc.constantFrom(names.EVENT_WEB_VITAL, names.EVENT_EXCEPTION, 'café', 'other'),
      eventId: hex(8),
      severityNumber: fc.nat({ max: 30 }),
      severityText: text,
      body: value,
      vital: fc.tuple(fc.constantFrom('lcp', 'CLS'), fc.double({ min: 0, max: 9000, noNaN: true })),
      attributes,
    },
    { requiredKeys: ['traceId', 'eventId', 'timeUnixNano'] },
  )
  .map(({ eventId, vital, attributes: rest = [], ...fields }): OtlpLogRecord => {
    const told: OtlpKeyValue[] = [{ key: names.ATTR_EVENT_ID, value: { stringValue: eventId } }];
    if (vital) {
      told.push({ key: names.ATTR_WEB_VITAL_NAME, value: { stringValue: vital[0] } });
      told.push({ key: names.ATTR_WEB_VITAL_VALUE, value: { doubleValue: vital[1] } });
    }
    return { ...fields, attributes: [...told, ...rest] };
  });
const resource = fc.record({
  attributes: attributes.map((rest) => [{ key: names.ATTR_SERVICE_NAME, value: { stringValue: 'shop' } }, ...rest]),
});
const scope = fc.record({ name: fc.constantFrom('app', names.SCOPE_BROWSER), version: fc.constant('1') });
const spans = fc.uniqueArray(span, { minLength: 1, maxLength: 6, selector: ({ spanId }) => spanId });
const logs = fc.uniqueArray(log, { maxLength: 4, selector: ({ attributes }) => attributes?.[0]?.value?.stringValue });
const request = fc.record({
  resource,
  other: resource,
  scope,
  spans,
  logs,
  sentAt: fc.constantFrom(undefined, RECEIVED_MS - 5000),
});

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

function toJson({ resource, other, scope, spans, logs, sentAt }: Request): object {
  return {
    sentAt,
    resourceSpans: [
      { resource, scopeSpans: [{ scope, spans: spans.slice(0, 2) }] },
      { resource: other, scopeSpans: [{ scope, spans: spans.slice(2) }] },
    ],
    resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: logs }] }],
  };
}

describe('packing', () => {
  test.each(['json', 'protobuf'] as const)(
    'page views as %s are packed, and come to what the general way makes of them',
    (format) => {
      const packRequest = createPackRequest({});
      for (const { kind, bytes } of createBodies(format, 60))
        expect(comparePacked(bytes, kind, packRequest)).toBe(true);
    },
  );

  test('any JSON request that is packed comes to what the general way makes of it', () => {
    let packed = 0;
    const packRequest = createPackRequest({});
    fc.assert(
      fc.property(request, fc.constantFrom(undefined, 1), (made, indent) => {
        if (comparePacked(Buffer.from(JSON.stringify(toJson(made), null, indent)), 'json', packRequest)) packed += 1;
      }),
      { numRuns: 400 },
    );
    expect(packed).toBeGreaterThan(100);
  });

  test('any protobuf request that is packed comes to what the general way makes of it', () => {
    let packed = 0;
    const packRequest = createPackRequest({});
    fc.assert(
      fc.property(request, (made) => {
        const decoded = decodeJson(JSON.stringify(toJson(made)));
        if (comparePacked(encodeTracesProtobuf(decoded.spans), 'traces', packRequest)) packed += 1;
        if (comparePacked(encodeLogsProtobuf(decoded.logs), 'logs', packRequest)) packed += 1;
      }),
      { numRuns: 300 },
    );
    expect(packed).toBeGreaterThan(300);
  });

  test('a body with one byte changed is packed only when it is still valid in every part', () => {
    const packRequest = createPackRequest({});
    const sample = toJson(fc.sample(request, { seed: 3, numRuns: 1 })[0] as Request);
    const bytesOf = { json: Buffer.from(JSON.stringify(sample)), traces: Buffer.alloc(0) };
    bytesOf.traces = Buffer.from(encodeTracesProtobuf(decodeJson(bytesOf.json).spans));
    for (const kind of ['json', 'traces'] as const) {
      const bytes = bytesOf[kind];
      expect(pack(bytes, kind)).toBeDefined();
      const change = fc.tuple(
        fc.nat({ max: bytes.length - 1 }),
        fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:\\0e-.')), fc.nat({ max: 255 })),
      );
      fc.assert(
        fc.property(change, ([at, byte]) => {
          const changed = Buffer.from(bytes);
          changed[at] = byte;
          try {
            comparePacked(changed, kind, packRequest);
          } catch (error) {
            // The general way refuses it, so packing must not have taken it.
            if (!(error instanceof MalformedBodyError)) throw error;
            throw new Error(`packed what is malformed: ${at} ${byte}`);
          }
        }),
        { numRuns: 400 },
      );
    }
  });

  test('a body cut off anywhere is never packed', () => {
    const { bytes } = createBodies('json', 5)[0] as { bytes: Buffer };
    const packRequest = createPackRequest({});
    for (let end = 0; end < bytes.length; end += 997)
      expect(pack(bytes.subarray(0, end), 'json', packRequest)).toBeUndefined();
  });

  test('what breaks a rule in one record leaves the whole request to the general way', () => {
    const good: OtlpSpan = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'x',
      startTimeUnixNano: `${startMs}000000`,
      endTimeUnixNano: `${startMs}000001`,
    };
    const body = (...list: object[]) =>
      Buffer.from(JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans: list }] }] }));
    expect(pack(body(good), 'json')?.spans).toBe(1);
    const bad = [
      { ...good, spanId: '0'.repeat(16) },
      { ...good, traceId: '0'.repeat(32) },
      { ...good, spanId: 'B'.repeat(15) },
      { ...good, endTimeUnixNano: `${startMs - 1}000000` },
      { ...good, startTimeUnixNano: '0' },
      {
        ...good,
        startTimeUnixNano: `${RECEIVED_MS + 90_000_000}000000`,
        endTimeUnixNano: `${RECEIVED_MS + 90_000_000}000000`,
      },
      { ...good, kind: -1 },
      { ...good, name: 7 },
      { ...good, attributes: {} },
      { ...good, unknown: 1 },
    ];
    for (const span of bad) expect(pack(body(good, span), 'json')).toBeUndefined();
    expect(pack(body(good, good), 'json')).toBeUndefined();
  });

  test('what is found in a request that is packed or not counts once', () => {
    const counts = {};
    const packRequest = createPackRequest(counts);
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'for ada@example.org',
      startTimeUnixNano: `${startMs}000000`,
    };
    const body = (endTimeUnixNano: string) =>
      Buffer.from(
        JSON.stringify({
          resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans: [{ ...span, endTimeUnixNano }] }] }],
        }),
      );
    expect(pack(body('1'), 'json', packRequest)).toBeUndefined();
    expect(counts).toEqual({});
    expect(pack(body(`${startMs}000000`), 'json', packRequest)?.spans).toBe(1);
    expect(counts).toEqual({ email: 1 });
  });
});
