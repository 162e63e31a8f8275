import { describe, expect, test } from 'vitest';
import { decodeJson } from '../../edge/otlp/decode-json.ts';
import { decodeLogsProtobuf, decodeTracesProtobuf } from '../../edge/otlp/decode-protobuf.ts';
import { describeRejections, MalformedBodyError } from '../../edge/otlp/decoded-request.ts';
import { encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import { ProtobufWriter } from '../../edge/otlp/protobuf-writer.ts';
import type { SpanRecord } from '../../edge/otlp/records.ts';

const good = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'GET /x',
  kind: 2,
  startTimeUnixNano: '1763788800123456789',
  endTimeUnixNano: '1763788800223456789',
};

const request = (...spans: unknown[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const decodeSpan = (fields: object) => decodeJson(request({ ...good, ...fields }));
const decodeValue = (value: unknown) => decodeSpan({ attributes: [{ key: 'k', value }] });
const nested = (depth: number): unknown =>
  depth === 0 ? { stringValue: 'x' } : { arrayValue: { values: [nested(depth - 1)] } };

describe('a span with one bad field is rejected alone', () => {
  const cases: Array<[string, object, string]> = [
    ['no trace id', { traceId: undefined }, 'invalid_id'],
    ['empty trace id', { traceId: '' }, 'invalid_id'],
    ['zero trace id', { traceId: '0'.repeat(32) }, 'invalid_id'],
    ['short trace id', { traceId: 'abc' }, 'invalid_id'],
    ['long trace id', { traceId: `${good.traceId}00` }, 'invalid_id'],
    ['base64 trace id', { traceId: 'CvdlGRbNQ92ESOshHIAxnA==' }, 'invalid_id'],
    ['trace id a number', { traceId: 12 }, 'invalid_id'],
    ['zero span id', { spanId: '0'.repeat(16) }, 'invalid_id'],
    ['span id no hex', { spanId: 'xyz4567890123456' }, 'invalid_id'],
    ['parent id too short', { parentSpanId: 'b7ad' }, 'invalid_id'],
    ['no start', { startTimeUnixNano: undefined }, 'invalid_time'],
    ['start null', { startTimeUnixNano: null }, 'invalid_time'],
    ['start zero', { startTimeUnixNano: 0 }, 'invalid_time'],
    ['start negative', { startTimeUnixNano: '-1' }, 'invalid_time'],
    ['start a fraction', { startTimeUnixNano: 1.5 }, 'invalid_time'],
    ['start text', { startTimeUnixNano: 'NaN' }, 'invalid_time'],
    ['start over 64 bits', { startTimeUnixNano: '18446744073709551616' }, 'invalid_time'],
    ['no end', { endTimeUnixNano: undefined }, 'invalid_time'],
    ['end before start', { endTimeUnixNano: '1763788800123456788' }, 'invalid_time'],
    ['end with exponent', { endTimeUnixNano: '1e30' }, 'invalid_time'],
    ['name a number', { name: 5 }, 'invalid_shape'],
    ['kind as text', { kind: 'SPAN_KIND_SERVER' }, 'invalid_shape'],
    ['kind a fraction', { kind: 1.5 }, 'invalid_shape'],
    ['flags negative', { flags: -1 }, 'invalid_shape'],
    ['flags over 32 bits', { flags: 2 ** 32 }, 'invalid_shape'],
    ['attributes an object', { attributes: { a: 1 } }, 'invalid_shape'],
    ['attribute without key', { attributes: [{ value: { stringValue: 'x' } }] }, 'invalid_shape'],
    ['events an object', { events: {} }, 'invalid_shape'],
    ['event null', { events: [null] }, 'invalid_shape'],
    ['links text', { links: 'x' }, 'invalid_shape'],
    ['status text', { status: 'OK' }, 'invalid_shape'],
    ['status code text', { status: { code: 'STATUS_CODE_OK' } }, 'invalid_shape'],
  ];
  test.each(cases)('%s', (_, fields, reason) => {
    const decoded = decodeJson(request({ ...good, ...fields }, good));
    expect([...decoded.rejected]).toEqual([[reason, 1]]);
    expect(decoded.rejectedSpans).toBe(1);
    expect(decoded.spans).toHaveLength(1);
    expect(describeRejections(decoded.rejected)).toMatch(new RegExp(`^Rejected: 1 ${reason} \\(.+\\)\\.$`));
  });

  test.each([[null], [5], ['span'], [[]]])('%j is no span', (raw) => {
    expect([...decodeJson(request(raw)).rejected]).toEqual([['invalid_shape', 1]]);
  });
});

describe('what is odd but legal is read', () => {
  const cases: Array<[string, object, object]> = [
    ['upper-case ids', { traceId: good.traceId.toUpperCase() }, { traceId: good.traceId }],
    ['times as numbers', { startTimeUnixNano: 1e9, endTimeUnixNano: 2e9 }, { startTimeUnixNano: '1000000000' }],
    ['leading zeros', { startTimeUnixNano: '0001' }, { startTimeUnixNano: '1' }],
    ['end equal to start', { endTimeUnixNano: good.startTimeUnixNano }, { endTimeUnixNano: good.startTimeUnixNano }],
    ['the last nanosecond', { endTimeUnixNano: '18446744073709551615' }, { endTimeUnixNano: '18446744073709551615' }],
    ['null name', { name: null }, { name: '' }],
    ['a kind of the future', { kind: 9 }, { kind: 0 }],
    ['null lists', { attributes: null, events: null, links: null, status: null }, { name: 'GET /x' }],
    ['is-remote flags', { flags: 0x301 }, { flags: 0x301 }],
  ];
  test.each(cases)('%s', (_, fields, expected) => {
    const decoded = decodeSpan(fields);
    expect(decoded.rejectedSpans).toBe(0);
    expect(decoded.spans[0]?.span).toMatchObject(expected);
  });

  test('empty lists and zeros leave no trace in the record', () => {
    const [record] = decodeSpan({
      attributes: [],
      events: [],
      links: [],
      flags: 0,
      parentSpanId: '0'.repeat(16),
    }).spans;
    expect(record?.span).toEqual(good);
  });

  test('a link to nowhere is counted and the span stays', () => {
    const [record] = decodeSpan({ links: [{ traceId: '', spanId: '' }], droppedLinksCount: 2 }).spans;
    expect(record?.span).toMatchObject({ droppedLinksCount: 3 });
    expect(record?.span.links).toBeUndefined();
  });
});

describe('attribute values', () => {
  const read: Array<[unknown, unknown]> = [
    [undefined, {}],
    [null, {}],
    [{}, {}],
    [{ unknownValue: 1 }, {}],
    [{ stringValue: '' }, { stringValue: '' }],
    [{ boolValue: false }, { boolValue: false }],
    [{ intValue: 5 }, { intValue: '5' }],
    [{ intValue: '-9223372036854775808' }, { intValue: '-9223372036854775808' }],
    [{ intValue: '007' }, { intValue: '7' }],
    [{ intValue: '-0' }, { intValue: '0' }],
    [{ intValue: null }, {}],
    [{ doubleValue: null }, {}],
    [{ doubleValue: 'NaN' }, { doubleValue: 'NaN' }],
    [{ doubleValue: '-Infinity' }, { doubleValue: '-Infinity' }],
    [{ doubleValue: '2.5e-3' }, { doubleValue: 0.0025 }],
    [{ doubleValue: 3 }, { doubleValue: 3 }],
    [{ bytesValue: 'AP8' }, { bytesValue: 'AP8=' }],
    [{ bytesValue: '_-8=' }, { bytesValue: '/+8=' }],
    [{ arrayValue: {} }, { arrayValue: { values: [] } }],
    [{ arrayValue: { values: [null, { intValue: 1 }] } }, { arrayValue: { values: [{}, { intValue: '1' }] } }],
    [{ kvlistValue: {} }, { kvlistValue: { values: [] } }],
    [
      { kvlistValue: { values: [{ key: '__proto__', value: { boolValue: true } }] } },
      { kvlistValue: { values: [{ key: '__proto__', value: { boolValue: true } }] } },
    ],
    [{ stringValue: 'a', intValue: 1 }, { stringValue: 'a' }],
    [nested(6), nested(6)],
  ];
  test.each(read)('%j is read', (raw, expected) => {
    const decoded = decodeValue(raw);
    expect(decoded.rejectedSpans).toBe(0);
    expect(decoded.spans[0]?.span.attributes).toEqual([{ key: 'k', value: expected }]);
  });

  test.each([
    ['text'],
    [5],
    [[]],
    [{ stringValue: 5 }],
    [{ boolValue: 'true' }],
    [{ intValue: 1.5 }],
    [{ intValue: '9223372036854775808' }],
    [{ intValue: '0x10' }],
    [{ doubleValue: 'abc' }],
    [{ bytesValue: '*' }],
    [{ bytesValue: 'AAAAA' }],
    [{ arrayValue: [] }],
    [{ kvlistValue: { values: [{ value: {} }] } }],
    [nested(7)],
  ])('%j is rejected', (raw) => {
    expect([...decodeValue(raw).rejected]).toEqual([['invalid_shape', 1]]);
  });

  test('a number beyond what a double can hold is Infinity, as JSON.parse has it', () => {
    const body = request({ ...good, attributes: [{ key: 'k', value: { doubleValue: 0 } }] }).replace(
      '"doubleValue":0',
      '"doubleValue":1e400',
    );
    expect(decodeJson(body).spans[0]?.span.attributes?.[0]?.value).toEqual({ doubleValue: 'Infinity' });
  });
});

describe('log records', () => {
  const logs = (...logRecords: unknown[]) =>
    decodeJson(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
  test('one without any time is rejected, the others stay', () => {
    const decoded = logs({ body: { stringValue: 'x' } }, { observedTimeUnixNano: 5 });
    expect(decoded.rejectedLogs).toBe(1);
    expect([...decoded.rejected]).toEqual([['invalid_time', 1]]);
    expect(decoded.logs[0]?.log).toEqual({ observedTimeUnixNano: '5' });
  });
  test('ids that are no ids only take it out of its trace', () => {
    const decoded = logs({ timeUnixNano: '1', traceId: 'nope', spanId: 'b7ad6b7169203331' });
    expect(decoded.logs[0]?.log).toEqual({ timeUnixNano: '1' });
  });
});

describe('a body that is not OTLP fails as a whole, with a sentence', () => {
  const cases: Array<[string, string]> = [
    ['', 'not JSON'],
    ['{"resourceSpans":[', 'not JSON'],
    ['\u0000', 'not JSON'],
    ['null', 'must be a JSON object'],
    ['[]', 'must be a JSON object'],
    ['"x"', 'must be a JSON object'],
    ['{"resource_spans":[]}', 'lowerCamelCase'],
    ['{"resourceSpans":{}}', 'resourceSpans must be an array'],
    ['{"resourceSpans":[1]}', 'resourceSpans must hold objects'],
    ['{"resourceSpans":[{"scopeSpans":{}}]}', 'scopeSpans must be an array'],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}', 'spans must be an array'],
    ['{"resourceSpans":[{"resource":5}]}', 'resource breaks the schema'],
    ['{"resourceSpans":[{"scopeSpans":[{"scope":{"name":5}}]}]}', 'scope breaks the schema'],
    ['['.repeat(33) + ']'.repeat(33), 'deeper than 32'],
    [`{"a":${'[{"a":'.repeat(500_000)}`, 'deeper than 32'],
  ];
  test.each(cases)('%#', (body, message) => {
    expect(() => decodeJson(body)).toThrow(MalformedBodyError);
    expect(() => decodeJson(body)).toThrow(message);
  });

  test('brackets inside strings are no nesting', () => {
    expect(decodeJson(JSON.stringify({ x: `${'['.repeat(100)}\\"${'{'.repeat(100)}` })).spans).toEqual([]);
  });
  test('an empty request and unknown keys are legal', () => {
    expect(decodeJson('{}').hasEnvelope).toBe(false);
    expect(decodeJson('{"resourceSpans":null,"future":{}}').hasEnvelope).toBe(true);
    expect(decodeJson('\uFEFF{}').spans).toEqual([]);
  });
  test('keys of Object.prototype change nothing', () => {
    decodeJson('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"resourceSpans":[]}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('protobuf', () => {
  const record = (span: object): SpanRecord => ({
    resource: { attributes: [] },
    scope: { name: '' },
    span: { ...good, ...span },
  });

  test('one bad span is rejected, its neighbours stay', () => {
    const decoded = decodeTracesProtobuf(
      encodeTracesProtobuf([
        record({}),
        record({ traceId: 'abcd' }),
        record({ traceId: '0'.repeat(32) }),
        record({ endTimeUnixNano: '1' }),
        record({ attributes: [{ key: 'deep', value: nested(7) }] }),
        record({ name: 'last' }),
      ]),
    );
    expect(decoded.spans.map(({ span }) => span.name)).toEqual(['GET /x', 'last']);
    expect(Object.fromEntries(decoded.rejected)).toEqual({ invalid_id: 2, invalid_time: 1, invalid_shape: 1 });
  });

  test('a length inside a span that goes beyond it costs that span alone', () => {
    const bytes = encodeTracesProtobuf([record({ name: 'AAAA' }), record({ name: 'next' })]);
    bytes[Buffer.from(bytes).indexOf('AAAA') - 1] = 0x7f;
    const decoded = decodeTracesProtobuf(bytes);
    expect(decoded.rejectedSpans).toBe(1);
    expect(decoded.spans.map(({ span }) => span.name)).toEqual(['next']);
  });

  const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);
  test.each([
    ['a cut-off body', encodeTracesProtobuf([record({})]).subarray(0, 40)],
    ['a length of 4 GiB', bytesOf(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a varint without end', bytesOf(0x0a, ...new Array(12).fill(0xff))],
    ['a group', bytesOf(0x0b, 0x0c)],
    ['JSON', Buffer.from('{"resourceSpans":[]}')],
  ])('%s fails as a whole', (_, bytes) => {
    expect(() => decodeTracesProtobuf(bytes)).toThrow(MalformedBodyError);
    expect(() => decodeLogsProtobuf(bytes)).toThrow(MalformedBodyError);
  });

  test('fields in any order and fields nobody knows are read and skipped', () => {
    const writer = new ProtobufWriter();
    writer.text((99 << 3) | 2, 'from the future');
    const inner = new ProtobufWriter(4);
    inner.blob((2 << 3) | 2, new Uint8Array());
    inner.text((3 << 3) | 2, 'https://example.test/schema');
    writer.blob((1 << 3) | 2, inner.finish());
    expect(decodeTracesProtobuf(writer.finish()).spans).toEqual([]);
    expect(decodeTracesProtobuf(new Uint8Array()).spans).toEqual([]);
  });
});

test('more records than a request may hold are counted as too_many', () => {
  const body = request(good, { ...good, spanId: 'ff'.repeat(8) }, good);
  const decoded = decodeJson(body, { maxRecords: 2 });
  expect(decoded.spans).toHaveLength(2);
  expect([...decoded.rejected]).toEqual([['too_many', 1]]);
});

test('a message that ends where the buffer does keeps its bytes', () => {
  for (let capacity = 1; capacity < 40; capacity++) {
    const writer = new ProtobufWriter(capacity);
    writer.text((1 << 3) | 2, 'x'.repeat(capacity));
    writer.text((1 << 3) | 2, 'ꆓ');
    const written = Buffer.from(writer.finish());
    expect(written.subarray(2, 2 + capacity).toString()).toBe('x'.repeat(capacity));
    expect(written.subarray(capacity + 4).toString()).toBe('ꆓ');
  }
});
