import { gzipSync } from 'node:zlib';
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeJson } from '../../edge/otlp/decode-json.ts';
import { encodeLogsProtobuf, encodeTracesProtobuf } from '../../edge/otlp/encode-protobuf.ts';
import { ProtobufReader } from '../../edge/otlp/protobuf-reader.ts';
import { ATTR_TRUST } from '../../src/wire/names.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, type RunningCollector, runCollector, SECRET_KEY } from '../support/running-collector.ts';

type Compression = NonNullable<NonNullable<ConstructorParameters<typeof JsonExporter>[0]>['compression']>;

let running: RunningCollector;
beforeAll(async () => {
  running = await runCollector();
});
afterAll(() => running.stop());

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };
const post = (path: string, body: BodyInit, headers: HeadersInit = JSON_TYPE) =>
  fetch(`${running.url}${path}`, { method: 'POST', body, headers });
const protobufOf = (spans: object[]) =>
  encodeTracesProtobuf(decodeJson(JSON.stringify(makePayload({ spans }))).spans) as Uint8Array<ArrayBuffer>;

/** The top-level fields of a small protobuf message, by number. */
function fieldsOf(bytes: Uint8Array): Record<number, number | Uint8Array> {
  const reader = new ProtobufReader(bytes);
  const fields: Record<number, number | Uint8Array> = {};
  while (reader.position < bytes.length) {
    const tag = reader.varint(bytes.length);
    fields[tag >> 3] = (tag & 7) === 0 ? reader.varint(bytes.length) : reader.blob(bytes.length);
  }
  return fields;
}
const textOf = (field: number | Uint8Array | undefined) => new TextDecoder().decode(field as Uint8Array);

describe('OTLP/HTTP', () => {
  test('JSON traces are stored as trusted and answered in JSON', async () => {
    const span = makeSpan();
    const response = await post('/v1/traces', JSON.stringify(makePayload({ spans: [span] })));
    expect([response.status, await response.text()]).toEqual([200, '{}']);
    expect(response.headers.get('content-type')).toBe('application/json');
    const stored = await running.store.trace(span.traceId);
    expect(stored?.spans[0]?.resource.attributes).toContainEqual({
      key: ATTR_TRUST,
      value: { stringValue: 'trusted' },
    });
  });

  test('protobuf traces, plain and gzip, are stored and answered in protobuf', async () => {
    for (const [encode, headers] of [
      [(bytes: Uint8Array<ArrayBuffer>) => bytes, PROTOBUF_TYPE],
      [(bytes: Uint8Array) => gzipSync(bytes), { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' }],
    ] as const) {
      const span = makeSpan();
      const response = await post('/v1/traces', encode(protobufOf([span])), headers);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/x-protobuf');
      expect((await response.arrayBuffer()).byteLength).toBe(0);
      expect((await running.store.trace(span.traceId))?.spans).toHaveLength(1);
    }
  });

  test('the same span in JSON and in protobuf is one span', async () => {
    const span = makeSpan({ attributes: [{ key: 'n', value: { doubleValue: 1.5 } }] });
    await post('/v1/traces', JSON.stringify(makePayload({ spans: [span] })));
    await post('/v1/traces', protobufOf([span]), PROTOBUF_TYPE);
    expect((await running.store.trace(span.traceId))?.spans).toHaveLength(1);
  });

  test('logs in both encodings', async () => {
    const span = makeSpan();
    const json = makeLog({ traceId: span.traceId, body: { stringValue: 'json' } });
    const binary = makeLog({ traceId: span.traceId, body: { stringValue: 'protobuf' } });
    await post('/v1/logs', JSON.stringify(makePayload({ logs: [json] })));
    const records = decodeJson(JSON.stringify(makePayload({ logs: [binary] }))).logs;
    const response = await post('/v1/logs', encodeLogsProtobuf(records) as Uint8Array<ArrayBuffer>, PROTOBUF_TYPE);
    expect(response.status).toBe(200);
    const bodies = (await running.store.trace(span.traceId))?.logs.map(({ log }) => log.body?.stringValue);
    expect(bodies?.sort()).toEqual(['json', 'protobuf']);
  });

  test('partial success counts in both encodings', async () => {
    const spans = [makeSpan(), makeSpan({ spanId: '0000000000000000' })];
    const json = await post('/v1/traces', JSON.stringify(makePayload({ spans })));
    expect(await json.json()).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('1 invalid_id') },
    });
    const binary = await post('/v1/traces', protobufOf([makeSpan()]), PROTOBUF_TYPE);
    expect((await binary.arrayBuffer()).byteLength).toBe(0);
    const bytes = protobufOf([makeSpan({ name: 'AAAA' }), makeSpan()]);
    bytes[Buffer.from(bytes).indexOf('AAAA') - 1] = 0x7f;
    const partial = await post('/v1/traces', bytes, PROTOBUF_TYPE);
    expect(partial.status).toBe(200);
    const success = fieldsOf(fieldsOf(new Uint8Array(await partial.arrayBuffer()))[1] as Uint8Array);
    expect(success[1]).toBe(1);
    expect(textOf(success[2])).toContain('1 invalid_shape');
  });

  test('an empty request is a success, and one that means something else is warned of', async () => {
    expect(await (await post('/v1/traces', '{}')).json()).toEqual({
      partialSuccess: { errorMessage: expect.stringContaining('nothing to store') },
    });
    expect(await (await post('/v1/traces', '{"resourceSpans":[]}')).text()).toBe('{}');
    expect((await post('/v1/traces', '', PROTOBUF_TYPE)).status).toBe(200);
  });

  test('metrics are accepted, and the answer says they are not kept', async () => {
    const response = await post('/v1/metrics', '{"resourceMetrics":[]}');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ partialSuccess: { errorMessage: expect.stringContaining('not stored') } });
    const binary = await post('/v1/metrics', new Uint8Array([0x0a, 0x00]), PROTOBUF_TYPE);
    expect(textOf(fieldsOf(fieldsOf(new Uint8Array(await binary.arrayBuffer()))[1] as Uint8Array)[2])).toContain(
      'not stored',
    );
  });
});

describe('errors are a google.rpc.Status in the encoding of the request', () => {
  const body = JSON.stringify(makePayload({ spans: [makeSpan()] }));
  const cases: Array<[string, string, RequestInit, number, number, string]> = [
    ['no JSON', '/v1/traces', { body: '{', headers: JSON_TYPE }, 400, 3, 'not JSON'],
    ['another type', '/v1/traces', { body, headers: { 'content-type': 'text/plain' } }, 415, 3, 'content type'],
    ['no type', '/v1/traces', { body: new Blob([body]) }, 415, 3, 'content type'],
    ['another encoding', '/v1/logs', { body, headers: { ...JSON_TYPE, 'content-encoding': 'br' } }, 415, 3, 'gzip'],
    ['no gzip', '/v1/logs', { body, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } }, 400, 3, 'no gzip data'],
    ['GET', '/v1/traces', { method: 'GET' }, 405, 12, 'POST'],
    [
      'an unknown key',
      '/v1/traces',
      { body, headers: { ...JSON_TYPE, authorization: 'Bearer sk_nobody' } },
      401,
      16,
      'Unknown key',
    ],
    [
      'another scheme',
      '/v1/traces',
      { body, headers: { ...JSON_TYPE, authorization: 'Basic eDp5' } },
      401,
      16,
      'Bearer',
    ],
    [
      'a page without a key',
      '/v1/traces',
      { body, headers: { ...JSON_TYPE, origin: 'https://a.example' } },
      401,
      16,
      'No key',
    ],
  ];
  test.each(cases)('%s', async (_, path, init, status, code, sentence) => {
    const response = await fetch(`${running.url}${path}`, { method: 'POST', ...init });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code, message: expect.stringContaining(sentence) });
  });

  test('in protobuf', async () => {
    const response = await post('/v1/traces', new Uint8Array([0x0a, 0xff, 0x01]), PROTOBUF_TYPE);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    const status = fieldsOf(new Uint8Array(await response.arrayBuffer()));
    expect(status[1]).toBe(3);
    expect(textOf(status[2])).toContain('cut off');
  });

  test('a gzip bomb and a body over the limit are 413', async () => {
    const gzip = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    expect((await post('/v1/traces', gzipSync(Buffer.alloc(40_000_000)), gzip)).status).toBe(413);
    expect((await post('/v1/traces', ' '.repeat(16 * 1024 * 1024 + 1))).status).toBe(413);
  });
});

describe('keys', () => {
  const body = () => JSON.stringify(makePayload({ spans: [makeSpan()] }));
  test('a collector that others can reach takes nothing without a key', async () => {
    const open = await runCollector({ acceptLocal: false });
    const send = (headers: Record<string, string>) =>
      fetch(`${open.url}/v1/traces`, { method: 'POST', body: body(), headers: { ...JSON_TYPE, ...headers } });
    const refused = await send({});
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect((await send({ authorization: `Bearer ${SECRET_KEY}` })).status).toBe(200);
    await open.stop();
  });

  test('an SDK in a page may use a public key, and is labelled public', async () => {
    const span = makeSpan();
    const preflight = await fetch(`${running.url}/v1/traces`, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example' },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    const response = await post('/v1/traces', JSON.stringify(makePayload({ spans: [span] })), {
      ...JSON_TYPE,
      authorization: `Bearer ${PUBLIC_KEY}`,
      origin: 'https://a.example',
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const stored = await running.store.trace(span.traceId);
    expect(stored?.spans[0]?.resource.attributes).toContainEqual({ key: ATTR_TRUST, value: { stringValue: 'public' } });
  });
});

describe('stock OpenTelemetry exporters', () => {
  test.each([
    ['JSON', JsonExporter, 'none'],
    ['JSON with gzip', JsonExporter, 'gzip'],
    ['protobuf', ProtobufExporter, 'none'],
    ['protobuf with gzip', ProtobufExporter, 'gzip'],
  ])('%s', async (_, Exporter, compression) => {
    const exporter = new Exporter({
      url: `${running.url}/v1/traces`,
      compression: compression as Compression,
    });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'stock' }),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    const span = provider.getTracer('scope').startSpan('work', { attributes: { n: 1, nan: Number.NaN, list: [1, 2] } });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'broke' });
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    const stored = await running.store.trace(span.spanContext().traceId);
    expect(stored?.spans[0]?.span).toMatchObject({ name: 'work', status: { code: 2, message: 'broke' } });
  });
});

test('a store that cannot take a batch is a 503 with Retry-After, and nothing of it is kept', async () => {
  const closing = await runCollector();
  await closing.store.close();
  const send = (path: string, headers: HeadersInit) =>
    fetch(`${closing.url}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(makePayload({ spans: [makeSpan()] })),
    });
  for (const response of [await send('/v1/traces', JSON_TYPE), await send(`/otlp?k=${PUBLIC_KEY}`, {})]) {
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(closing.collector.counters).toMatchObject({ receivedSpans: 0, storedSpans: 0, refusedRequests: { 503: 2 } });
  await closing.stop();
});
