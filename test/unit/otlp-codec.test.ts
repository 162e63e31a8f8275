import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeJson } from '../../edge/otlp/decode-json.ts';
import { decodeLogsProtobuf, decodeTracesProtobuf } from '../../edge/otlp/decode-protobuf.ts';
import { MalformedBodyError } from '../../edge/otlp/decoded-request.ts';
import { encodeJson } from '../../edge/otlp/encode-json.ts';
import { encodeLogsProtobuf, encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import type { LogRecord, SpanRecord } from '../../edge/otlp/records.ts';
import { halvesOfUnixNano, unixNanoOfHalves } from '../../edge/otlp/unix-nano.ts';
import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';

const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((array) => Buffer.from(array).toString('hex'))
    .filter((id) => /[1-9a-f]/.test(id));
const text = fc.string({ unit: 'grapheme', maxLength: 90 });
const uint32 = fc.nat({ max: 0xffff_ffff });
const double = fc.double().map((value) => (Number.isFinite(value) ? value + 0 : String(value)));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);

const { value: anyValue } = fc.letrec<{ value: OtlpAnyValue; keyValues: OtlpKeyValue[] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    text.map((stringValue) => ({ stringValue })),
    fc.constant({}),
    fc.boolean().map((boolValue) => ({ boolValue })),
    int64.map((intValue) => ({ intValue })),
    double.map((doubleValue) => ({ doubleValue })),
    fc.uint8Array({ maxLength: 9 }).map((bytes) => ({ bytesValue: Buffer.from(bytes).toString('base64') })),
    fc.array(tie('value'), { maxLength: 4 }).map((values) => ({ arrayValue: { values } })),
    tie('keyValues').map((values) => ({ kvlistValue: { values } })),
  ),
  keyValues: fc.array(fc.record({ key: text, value: tie('value') }), { maxLength: 4 }),
}));
const attributes = fc.array(fc.record({ key: text, value: anyValue }), { minLength: 1, maxLength: 5 });

const nanos = fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 63n }), fc.bigInt({ min: 0n, max: 2n ** 62n }));
const partial = { requiredKeys: [] as [] };

const event = fc
  .record({
    timeUnixNano: int64.map((value) => value.replace('-', '')),
    name: text,
    attributes,
    droppedAttributesCount: uint32,
  })
  .map((value) => withoutDefaults(value, ['droppedAttributesCount']));
const link = fc
  .record({
    traceId: hex(16),
    spanId: hex(8),
    traceState: text,
    attributes,
    droppedAttributesCount: uint32,
    flags: uint32,
  })
  .map((value) => withoutDefaults(value, ['traceState', 'droppedAttributesCount', 'flags']));

const spanRecord = fc
  .tuple(
    fc.record({ traceId: hex(16), spanId: hex(8), name: text, kind: fc.nat({ max: 5 }) }),
    nanos,
    fc.record(
      {
        parentSpanId: hex(8),
        traceState: text,
        flags: uint32,
        attributes,
        droppedAttributesCount: uint32,
        events: fc.array(event, { minLength: 1, maxLength: 3 }),
        droppedEventsCount: uint32,
        links: fc.array(link, { minLength: 1, maxLength: 3 }),
        droppedLinksCount: uint32,
        status: fc.oneof(
          fc.constantFrom({ code: 1 }, { code: 2 }),
          text.filter((message) => message !== '').map((message) => ({ code: 2, message })),
        ),
      },
      partial,
    ),
  )
  .map(([required, [start, length], optional]) =>
    withoutDefaults(
      { ...required, startTimeUnixNano: String(start), endTimeUnixNano: String(start + length), ...optional },
      ['traceState', 'flags', 'droppedAttributesCount', 'droppedEventsCount', 'droppedLinksCount'],
    ),
  );

const logRecord = fc
  .tuple(
    fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String),
    fc.record(
      {
        observedTimeUnixNano: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String),
        severityNumber: fc.integer({ min: 1, max: 24 }),
        severityText: text,
        eventName: text,
        body: anyValue,
        attributes,
        droppedAttributesCount: uint32,
        flags: uint32,
        traceId: hex(16),
      },
      partial,
    ),
    hex(8),
  )
  .map(([timeUnixNano, optional, spanId]) =>
    withoutDefaults({ timeUnixNano, ...optional, ...(optional.traceId ? { spanId } : {}) }, [
      'severityText',
      'eventName',
      'droppedAttributesCount',
      'flags',
    ]),
  );

const resource = fc
  .record({ attributes: fc.array(fc.record({ key: text, value: anyValue }), { maxLength: 3 }), schemaUrl: text })
  .map((value) => withoutDefaults(value, ['schemaUrl']));
const scope = fc
  .record({ name: text, version: text, schemaUrl: text })
  .map((value) => withoutDefaults(value, ['version', 'schemaUrl']));

// Canonical records leave defaults out, so generated ones must as well.
function withoutDefaults<T extends object>(value: T, keys: Array<keyof T>): T {
  for (const key of keys) if (value[key] === '' || value[key] === 0) delete value[key];
  return value;
}

// A plain boolean first: shrinking a failure would print thousands of deep differences.
function expectSame(actual: unknown, expected: unknown): void {
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
  if (!isDeepStrictEqual(plain(actual), plain(expected))) throw new Error('the records differ');
}

describe('codec', () => {
  test('spans survive protobuf and JSON unchanged', () => {
    fc.assert(
      fc.property(resource, scope, fc.array(spanRecord, { minLength: 1, maxLength: 4 }), (resource, scope, spans) => {
        const records = spans.map((span) => ({ resource, scope, span })) as SpanRecord[];
        const viaProtobuf = decodeTracesProtobuf(encodeTracesProtobuf(records));
        expect(viaProtobuf.rejectedSpans).toBe(0);
        expectSame(viaProtobuf.spans, records);
        const viaJson = decodeJson(JSON.stringify(encodeJson({ spans: records, logs: [] })));
        expect(viaJson.rejectedSpans).toBe(0);
        expectSame(viaJson.spans, records);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  test('log records survive protobuf and JSON unchanged', () => {
    fc.assert(
      fc.property(resource, scope, fc.array(logRecord, { minLength: 1, maxLength: 4 }), (resource, scope, logs) => {
        const records = logs.map((log) => ({ resource, scope, log })) as LogRecord[];
        const viaProtobuf = decodeLogsProtobuf(encodeLogsProtobuf(records));
        expect(viaProtobuf.rejectedLogs).toBe(0);
        expectSame(viaProtobuf.logs, records);
        const viaJson = decodeJson(JSON.stringify(encodeJson({ spans: [], logs: records })));
        expect(viaJson.rejectedLogs).toBe(0);
        expectSame(viaJson.logs, records);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  test('every fixed64 keeps its nanoseconds', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const { low, high } = halvesOfUnixNano(String(value));
        expect((BigInt(high) << 32n) | BigInt(low)).toBe(value);
        expect(unixNanoOfHalves(low, high)).toBe(String(value));
      }),
      { numRuns: 5000 },
    );
  });

  test('records of different resources and scopes come back under their own', () => {
    const record = (service: string, scopeName: string, spanId: string): SpanRecord => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scope: { name: scopeName },
      span: { traceId: 'a'.repeat(32), spanId, name: 'n', kind: 1, startTimeUnixNano: '1', endTimeUnixNano: '1' },
    });
    const records = [record('a', 's', '1'.repeat(16)), record('b', 't', '2'.repeat(16))];
    const [first, second] = records as [SpanRecord, SpanRecord];
    const mixed = [first, second, { ...first, span: { ...first.span, spanId: '3'.repeat(16) } }];
    const decoded = decodeTracesProtobuf(encodeTracesProtobuf(mixed)).spans;
    expect(decoded.map(({ span, scope }) => `${span.spanId[0]}${scope.name}`)).toEqual(['1s', '3s', '2t']);
    expect(decoded[0]?.resource).toBe(decoded[1]?.resource);
  });

  test('any bytes decode or throw MalformedBodyError, and nothing else', () => {
    const sample = encodeTracesProtobuf(
      fc
        .sample(spanRecord, 3)
        .map((span) => ({ resource: { attributes: [] }, scope: { name: 's' }, span }) as SpanRecord),
    );
    const mutated = fc
      .tuple(fc.array(fc.tuple(fc.nat({ max: sample.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }), fc.nat())
      .map(([edits, cut]) => {
        const bytes = sample.slice();
        for (const [at, byte] of edits) bytes[at] = byte;
        return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (bytes) => {
        for (const decode of [decodeTracesProtobuf, decodeLogsProtobuf, decodeJson]) {
          try {
            const { spans } = decode(bytes);
            for (const { span } of spans) expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedBodyError);
          }
        }
      }),
      { numRuns: 3000, endOnFailure: true },
    );
  });
});

describe('the stock OpenTelemetry protobuf exporter', () => {
  test('what it sends decodes to what was recorded', async () => {
    const bodies: Buffer[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop', n: 7 }),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const tracer = provider.getTracer('scope', '1.2.3');
    const start = 1_763_788_800_123.456;
    const span = tracer.startSpan('GET /x', {
      kind: SpanKind.SERVER,
      startTime: start,
      attributes: { text: 'é✓', int: 42, negative: -42, big: 2 ** 52, double: 1.5, yes: true, list: ['a', 'b'] },
      links: [{ context: { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 }, attributes: { a: 1 } }],
    });
    span.addEvent('something', { detail: 'x' }, start + 1);
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'broke' });
    span.end(start + 12.5);
    await provider.forceFlush();
    await provider.shutdown();
    server.close();
    await once(server, 'close');

    const { spans, rejectedSpans } = decodeTracesProtobuf(bodies[0] as Buffer);
    expect(rejectedSpans).toBe(0);
    const [record] = spans;
    const { traceId, spanId } = span.spanContext();
    expect(record?.scope).toEqual({ name: 'scope', version: '1.2.3' });
    expect(record?.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'shop' } });
    expect(record?.span).toMatchObject({
      traceId,
      spanId,
      name: 'GET /x',
      kind: 2,
      startTimeUnixNano: '1763788800123456055',
      endTimeUnixNano: '1763788800135956055',
      status: { code: 2, message: 'broke' },
      links: [
        { traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: [{ key: 'a', value: { intValue: '1' } }] },
      ],
      events: [{ name: 'something', attributes: [{ key: 'detail', value: { stringValue: 'x' } }] }],
      attributes: [
        { key: 'text', value: { stringValue: 'é✓' } },
        { key: 'int', value: { intValue: '42' } },
        { key: 'negative', value: { intValue: '-42' } },
        { key: 'big', value: { intValue: String(2 ** 52) } },
        { key: 'double', value: { doubleValue: 1.5 } },
        { key: 'yes', value: { boolValue: true } },
        { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
      ],
    });
  });
});
