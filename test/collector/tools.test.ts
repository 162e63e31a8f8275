import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hexOfBase64 } from '../../edge/collector/query/tempo/tempo-json.ts';
import { decodeTracesProtobuf } from '../../edge/otlp/decode-protobuf.ts';
import { encodeAttributes, type OtlpAnyValue, type OtlpSpan } from '../../src/wire/otlp.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { type RunningCollector, runCollector } from '../support/running-collector.ts';

let running: RunningCollector;
const nowNano = `${Date.now() - 1000}000000`;
const plus = (ms: number) => String(BigInt(nowNano) + BigInt(ms * 1e6));

// One trace with everything optional in it: links, events, a big integer, bytes, an empty value, NaN, lists and maps.
const root = makeSpan({
  name: 'GET /cart',
  kind: 2,
  startTimeUnixNano: nowNano,
  endTimeUnixNano: plus(900),
  attributes: [
    ...encodeAttributes({ 'http.route': '/cart', 'http.response.status_code': 200 }),
    { key: 'big', value: { intValue: '9223372036854775807' } },
    { key: 'bytes', value: { bytesValue: 'AP8=' } },
    { key: 'empty', value: {} },
    { key: 'nan', value: { doubleValue: 'NaN' } },
    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, {}] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: true } }] } } },
  ],
});
const child: OtlpSpan = makeSpan({
  traceId: root.traceId,
  parentSpanId: root.spanId,
  name: 'SELECT cart',
  kind: 3,
  startTimeUnixNano: plus(100),
  endTimeUnixNano: plus(600),
  status: { code: 2, message: 'deadlock' },
  traceState: 'ot=th:8',
  attributes: encodeAttributes({ 'db.system.name': 'sqlite', 'server.address': 'db.local' }),
  events: [{ timeUnixNano: plus(200), name: 'retry', attributes: encodeAttributes({ attempt: 2 }) }],
  links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: encodeAttributes({ why: 'queue' }) }],
});
const other = makeSpan({ name: 'GET /other' });

beforeAll(async () => {
  running = await runCollector();
  const spans = [
    ...(makePayload({ spans: [root] }, { service: 'shop-edge' }).resourceSpans ?? []),
    ...(makePayload({ spans: [child] }, { service: 'shop-backend', resource: { region: 'eu' } }).resourceSpans ?? []),
    ...(makePayload({ spans: [other] }, { service: 'blog' }).resourceSpans ?? []),
  ];
  const response = await fetch(`${running.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: spans }),
  });
  expect(await response.text()).toBe('{}');
});
afterAll(() => running.stop());

const get = (path: string, headers: HeadersInit = {}) => fetch(`${running.url}${path}`, { headers });
// biome-ignore lint/suspicious/noExplicitAny: answers of foreign formats, looked into piece by piece
const getJson = async (path: string): Promise<any> => {
  const response = await get(path);
  expect([path, response.status]).toEqual([path, 200]);
  return response.json();
};
const seconds = Math.floor(Date.now() / 1000);
const RANGE = `start=${seconds - 3600}&end=${seconds + 60}`;

describe('Tempo, as Grafana asks', () => {
  test('a trace by id in protobuf keeps everything', async () => {
    const response = await get(`/tempo/api/traces/${root.traceId}?${RANGE}`, { accept: 'application/protobuf' });
    expect(response.headers.get('content-type')).toBe('application/protobuf');
    const { spans } = decodeTracesProtobuf(new Uint8Array(await response.arrayBuffer()));
    const byName = new Map(spans.map(({ span }) => [span.name, span]));
    expect(byName.get('SELECT cart')).toEqual(child);
    expect(byName.get('GET /cart')).toEqual(root);
  });

  test('in JSON it is protobuf’s JSON: ids in base64, enums by name', async () => {
    const { batches } = await getJson(`/tempo/api/traces/${root.traceId}`);
    const spans = batches.flatMap((batch: { scopeSpans: Array<{ spans: object[] }> }) =>
      batch.scopeSpans.flatMap((scope) => scope.spans),
    );
    expect(spans).toContainEqual(expect.objectContaining({ kind: 'SPAN_KIND_CLIENT', name: 'SELECT cart' }));
    const select = spans.find(({ name }: OtlpSpan) => name === 'SELECT cart');
    expect(hexOfBase64(select.traceId)).toBe(root.traceId);
    expect(hexOfBase64(select.parentSpanId)).toBe(root.spanId);
    expect(select.status).toEqual({ code: 'STATUS_CODE_ERROR', message: 'deadlock' });
    const { trace } = await getJson(`/tempo/api/v2/traces/${root.traceId}`);
    expect(trace.resourceSpans).toEqual(batches);
    const v2 = await get(`/tempo/api/v2/traces/${root.traceId}`, { accept: 'application/protobuf' });
    expect((await v2.arrayBuffer()).byteLength).toBeGreaterThan(500);
  });

  test('an unknown trace is 404, and what is no id 400', async () => {
    expect((await get(`/tempo/api/traces/${'e'.repeat(32)}`)).status).toBe(404);
    expect((await get(`/tempo/api/v2/traces/${'e'.repeat(32)}`)).status).toBe(404);
    expect((await get('/tempo/api/traces/xyz')).status).toBe(400);
  });

  test('TraceQL finds the spans and shows what the query speaks of', async () => {
    const q = encodeURIComponent(
      '{resource.service.name="shop-backend" && status=error && span.db.system.name != nil}',
    );
    const { traces } = await getJson(`/tempo/api/search?q=${q}&limit=20&spss=3&${RANGE}`);
    expect(traces).toHaveLength(1);
    expect(traces[0]).toMatchObject({
      traceID: root.traceId,
      rootServiceName: 'shop-edge',
      rootTraceName: 'GET /cart',
      startTimeUnixNano: nowNano,
      durationMs: 900,
      spanSet: { matched: 1, spans: [{ spanID: child.spanId, name: 'SELECT cart', durationNanos: '500000000' }] },
    });
    expect(traces[0].spanSets).toEqual([traces[0].spanSet]);
    expect(traces[0].spanSet.spans[0].attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'shop-backend' } },
      { key: 'status', value: { stringValue: 'error' } },
      { key: 'db.system.name', value: { stringValue: 'sqlite' } },
    ]);
  });

  test('a query that Grafana does not encode, limits, and the older parameters', async () => {
    expect((await getJson('/tempo/api/search?q={}&limit=1')).traces).toHaveLength(1);
    expect((await getJson('/tempo/api/search?q={}')).traces).toHaveLength(2);
    const tags = encodeURIComponent('http.route=/cart http.response.status_code=200 name="GET /cart"');
    const { traces } = await getJson(`/tempo/api/search?tags=${tags}&minDuration=500ms&maxDuration=1s`);
    expect(traces.map(({ traceID }: { traceID: string }) => traceID)).toEqual([root.traceId]);
    expect((await getJson('/tempo/api/search?tags=http.route=.cart')).traces).toEqual([]);
    expect((await getJson(`/tempo/api/search?q={}&start=1&end=2`)).traces).toEqual([]);
  });

  test('tags and values for the menus, the tag encoded once or twice', async () => {
    const { scopes } = await getJson(`/tempo/api/v2/search/tags?limit=5000&${RANGE}`);
    const scope = (wanted: string) => scopes.find(({ name }: { name: string }) => name === wanted).tags;
    expect(scope('resource')).toEqual(expect.arrayContaining(['region', 'service.name']));
    expect(scope('span')).toEqual(expect.arrayContaining(['db.system.name', 'http.route']));
    expect(scope('intrinsic')).toEqual(expect.arrayContaining(['duration', 'name', 'status']));
    expect((await getJson('/tempo/api/v2/search/tags?scope=span')).scopes).toHaveLength(1);
    expect((await getJson('/tempo/api/search/tags')).tagNames).toContain('service.name');
    const twice = encodeURIComponent(encodeURIComponent('resource.service.name'));
    for (const tag of ['resource.service.name', '.service.name', twice]) {
      const { tagValues } = await getJson(`/tempo/api/v2/search/tag/${tag}/values`);
      expect(tagValues.map(({ value }: { value: string }) => value).sort()).toEqual([
        'blog',
        'shop-backend',
        'shop-edge',
      ]);
    }
    expect((await getJson('/tempo/api/v2/search/tag/status/values')).tagValues).toContainEqual({
      type: 'keyword',
      value: 'error',
    });
    expect((await getJson('/tempo/api/v2/search/tag/.http.response.status_code/values')).tagValues).toEqual([
      { type: 'int', value: '200' },
    ]);
    expect((await getJson('/tempo/api/search/tag/service.name/values')).tagValues).toContain('blog');
  });

  test('values of what the query being typed finds, in the window shown', async () => {
    const valuesOf = async (tag: string, params: Record<string, string>): Promise<string[]> => {
      const path = `/tempo/api/v2/search/tag/${tag}/values?${new URLSearchParams(params)}`;
      return (await getJson(path)).tagValues.map(({ value }: { value: string }) => value);
    };
    const service = 'resource.service.name';
    expect(await valuesOf(service, { q: '{status=error}' })).toEqual(['shop-backend']);
    expect(await valuesOf('name', { q: '{resource.service.name="shop-edge"}' })).toEqual(['GET /cart']);
    expect(await valuesOf('name', { q: '{resource.service.name="shop-edge" && name=}' })).toHaveLength(3);
    const second = Math.floor(Date.now() / 1000);
    expect(await valuesOf(service, { start: `${second - 600}`, end: `${second + 60}` })).toHaveLength(3);
    expect(await valuesOf(service, { start: '1', end: '2' })).toEqual([]);
  });

  test('what is asked when the data source is saved', async () => {
    expect(await (await get('/tempo/api/echo')).text()).toBe('echo\n');
    expect(await (await get('/tempo/ready')).text()).toBe('ready\n');
    expect((await getJson('/tempo/api/status/buildinfo')).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test.each([
    ['/api/search?q={', 'TraceQL: expected a field'],
    ['/api/search?q={} | rate()', 'only one spanset'],
    ['/api/search?q={}&limit=x', 'limit must be a whole number'],
    ['/api/search?q={}&start=yesterday', 'start must be a time in Unix seconds'],
    ['/api/search?minDuration=long', 'minDuration must be a duration'],
    ['/api/v2/search/tag/event:name/values', 'is unknown'],
    ['/api/metrics/summary?q={}', '/api/metrics/query are answered'],
  ])('%s is refused with a sentence', async (path, sentence) => {
    const response = await get(`/tempo${path}`);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain(sentence);
  });
});

describe('Jaeger, as its UI and Grafana ask', () => {
  test('services and operations, new and old', async () => {
    const services = ['blog', 'shop-backend', 'shop-edge'];
    expect(await getJson('/jaeger/api/v3/services')).toEqual({ services });
    expect((await getJson('/jaeger/api/services')).data).toEqual(services);
    expect(await getJson('/jaeger/api/v3/operations?service=shop-backend')).toEqual({
      operations: [{ name: 'SELECT cart', spanKind: 'client' }],
    });
    expect((await getJson('/jaeger/api/services/shop-backend/operations')).data).toEqual(['SELECT cart']);
    expect((await getJson('/jaeger/api/operations?service=shop-edge&spanKind=server')).data).toEqual([
      { name: 'GET /cart', spanKind: 'server' },
    ]);
    expect((await getJson('/jaeger/api/operations?service=shop-edge&spanKind=client')).data).toEqual([]);
  });

  test('the search of the UI', async () => {
    const params = new URLSearchParams({
      'query.service_name': 'shop-backend',
      'query.span_name': 'SELECT cart',
      'query.start_time_min': new Date(Date.now() - 3_600_000).toISOString(),
      'query.start_time_max': new Date().toISOString(),
      'query.num_traces': '20',
      'query.duration_min': '100ms',
      'query.duration_max': '1.2s',
      'query.attributes': JSON.stringify({ error: 'true', 'db.system.name': 'sqlite', region: 'eu' }),
    });
    const { summaries } = await getJson(`/jaeger/api/v3/trace-summaries?${params}`);
    expect(summaries).toEqual([
      {
        traceId: root.traceId,
        traceID: root.traceId,
        rootServiceName: 'shop-edge',
        rootOperationName: 'GET /cart',
        minStartTimeUnixNano: nowNano,
        maxEndTimeUnixNano: plus(900),
        spanCount: 2,
        errorSpanCount: 1,
        orphanSpanCount: 0,
        services: expect.arrayContaining([{ name: 'shop-backend', spanCount: 1, errorSpanCount: 1 }]),
      },
    ]);
    const camel = 'query.serviceName=shop-backend&query.operationName=nothing&query.searchDepth=5';
    expect((await getJson(`/jaeger/api/v3/trace-summaries?${camel}`)).summaries).toEqual([]);
    // Of all services, as newer versions ask: without a service, in camelCase.
    const all = new URLSearchParams({
      'query.startTimeMin': new Date(Date.now() - 3_600_000).toISOString(),
      'query.startTimeMax': new Date().toISOString(),
      'query.searchDepth': '20',
      'query.durationMin': '100ms',
      'query.attributes': '{"db.system.name":"sqlite"}',
    });
    const found = (await getJson(`/jaeger/api/v3/trace-summaries?${all}`)).summaries as { traceId: string }[];
    expect(found.map(({ traceId }) => traceId)).toEqual([root.traceId]);
  });

  test('the search of Grafana, times unencoded with a plus', async () => {
    const time = (ms: number) => new Date(ms + 3_600_000).toISOString().replace('Z', '+01:00');
    const range = `query.start_time_min=${time(Date.now() - 60_000)}&query.start_time_max=${time(Date.now())}`;
    const { result } = await getJson(`/jaeger/api/v3/traces?query.service_name=shop-edge&${range}`);
    expect(result.resourceSpans).toHaveLength(2);
  });

  // What the UI's schema of a v3 trace demands of every value: exactly one field, integers as strings, doubles as numbers.
  const strict = (value: OtlpAnyValue): boolean => {
    const keys = Object.keys(value);
    if (keys.length !== 1) return false;
    if (value.arrayValue) return (value.arrayValue.values ?? []).every(strict);
    if (value.kvlistValue) return (value.kvlistValue.values ?? []).every((item) => strict(item.value ?? {}));
    if (value.intValue !== undefined) return /^-?\d+$/.test(String(value.intValue));
    return value.doubleValue === undefined || typeof value.doubleValue === 'number';
  };

  test('a trace in v3 fits the schema of the UI and keeps links, events and big integers', async () => {
    const { result } = await getJson(`/jaeger/api/v3/traces/${root.traceId}`);
    const spans: OtlpSpan[] = result.resourceSpans.flatMap((group: { scopeSpans: Array<{ spans: OtlpSpan[] }> }) =>
      group.scopeSpans.flatMap((scope) => scope.spans),
    );
    for (const group of result.resourceSpans)
      for (const { value } of group.resource.attributes) expect(strict(value)).toBe(true);
    for (const span of spans) for (const { value } of span.attributes ?? []) expect(strict(value ?? {})).toBe(true);
    const cart = spans.find(({ name }) => name === 'GET /cart');
    expect(cart?.attributes).toContainEqual({ key: 'big', value: { intValue: '9223372036854775807' } });
    expect(cart?.attributes).toContainEqual({ key: 'bytes', value: { bytesValue: 'AP8=' } });
    expect(cart?.attributes).toContainEqual({ key: 'nan', value: { stringValue: 'NaN' } });
    expect(cart?.attributes).toContainEqual({ key: 'empty', value: { stringValue: '' } });
    const select = spans.find(({ name }) => name === 'SELECT cart');
    expect(select).toMatchObject({ links: child.links, events: child.events, kind: 3, status: child.status });
  });

  test('a trace in the old form', async () => {
    const { data, errors } = await getJson(`/jaeger/api/traces/${root.traceId}`);
    expect(errors).toBeNull();
    const [trace] = data;
    expect(Object.values(trace.processes)).toContainEqual({
      serviceName: 'shop-backend',
      tags: expect.arrayContaining([{ key: 'region', type: 'string', value: 'eu' }]),
    });
    const select = trace.spans.find(({ operationName }: { operationName: string }) => operationName === 'SELECT cart');
    expect(trace.processes[select.processID].serviceName).toBe('shop-backend');
    expect(select).toMatchObject({
      traceID: root.traceId,
      spanID: child.spanId,
      startTime: Number(plus(100).slice(0, -3)),
      duration: 500_000,
      references: [
        { refType: 'CHILD_OF', traceID: root.traceId, spanID: root.spanId },
        { refType: 'FOLLOWS_FROM', traceID: 'b'.repeat(32), spanID: 'c'.repeat(16) },
      ],
      tags: expect.arrayContaining([
        { key: 'span.kind', type: 'string', value: 'client' },
        { key: 'error', type: 'bool', value: true },
        { key: 'otel.status_description', type: 'string', value: 'deadlock' },
      ]),
      logs: [
        {
          timestamp: Number(plus(200).slice(0, -3)),
          fields: [
            { key: 'event', type: 'string', value: 'retry' },
            { key: 'attempt', type: 'int64', value: 2 },
          ],
        },
      ],
    });
    const cart = trace.spans.find(({ operationName }: { operationName: string }) => operationName === 'GET /cart');
    expect(cart.tags).toContainEqual({ key: 'big', type: 'string', value: '9223372036854775807' });
    expect(cart.tags).toContainEqual({ key: 'list', type: 'string', value: '["a",null]' });
  });

  test('the old search, traces by several ids, dependencies', async () => {
    const params = new URLSearchParams({
      service: 'shop-edge',
      operation: 'GET /cart',
      tags: '{"http.response.status_code":"200"}',
      minDuration: '100000us',
      maxDuration: '2s',
      limit: '20',
      start: `${Date.now() - 3_600_000}000`,
      end: `${Date.now()}000`,
    });
    const { data, total } = await getJson(`/jaeger/api/traces?${params}`);
    expect([data[0].traceID, total]).toEqual([root.traceId, 1]);
    const several = await getJson(`/jaeger/api/traces?traceID=${root.traceId}&traceID=${other.traceId}`);
    expect(several.data).toHaveLength(2);
    const links = await getJson(`/jaeger/api/dependencies?endTs=${Date.now()}&lookback=604800000`);
    expect(links.data).toEqual([{ parent: 'shop-edge', child: 'shop-backend', callCount: 1 }]);
  });

  test.each([
    ['/api/traces/nope', 400, 'hex digits'],
    [`/api/traces/${'e'.repeat(32)}`, 404, 'not found'],
    ['/api/traces?service=x&tags=a%3Db', 400, 'JSON object'],
    ['/api/traces?service=x&minDuration=5', 400, 'minimum duration must be like'],
    ['/api/traces?service=x&limit=-1', 400, 'whole number above 0'],
    ['/api/v3/trace-summaries?query.start_time_min=now', 400, 'RFC 3339'],
    ['/api/dependencies?endTs=now', 400, 'endTs must be a whole number'],
  ])('%s is an error its UI can show', async (path, status, sentence) => {
    const response = await get(`/jaeger${path}`);
    const body = (await response.json()) as { errors: Array<{ code: number; msg: string }> };
    expect(response.status).toBe(status);
    expect(body.errors[0]).toEqual({ code: status, msg: expect.stringContaining(sentence) });
  });
});

describe('Zipkin, as Lens asks', () => {
  test('services, span names and remote services', async () => {
    expect(await getJson('/zipkin/api/v2/services')).toEqual(['blog', 'shop-backend', 'shop-edge']);
    expect(await getJson('/zipkin/api/v2/spans?serviceName=shop-backend')).toEqual(['SELECT cart']);
    expect(await getJson('/zipkin/api/v2/remoteServices?serviceName=shop-backend')).toEqual(['db.local']);
    expect(await getJson('/zipkin/api/v2/autocompleteKeys')).toEqual([]);
  });

  test('a trace by id, several, and none', async () => {
    const spans = await getJson(`/zipkin/api/v2/trace/${root.traceId}`);
    expect(spans).toContainEqual({
      traceId: root.traceId,
      id: child.spanId,
      parentId: root.spanId,
      kind: 'CLIENT',
      name: 'SELECT cart',
      timestamp: Number(plus(100).slice(0, -3)),
      duration: 500_000,
      localEndpoint: { serviceName: 'shop-backend' },
      remoteEndpoint: { serviceName: 'db.local' },
      annotations: [{ timestamp: Number(plus(200).slice(0, -3)), value: '{"retry":{"attempt":2}}' }],
      tags: {
        'db.system.name': 'sqlite',
        'server.address': 'db.local',
        'otel.scope.name': 'test',
        'otel.status_code': 'ERROR',
        error: 'deadlock',
      },
    });
    expect(await getJson(`/zipkin/api/v2/traceMany?traceIds=${root.traceId},${other.traceId}`)).toHaveLength(2);
    expect((await get(`/zipkin/api/v2/trace/${'e'.repeat(32)}`)).status).toBe(404);
    expect((await get('/zipkin/api/v2/trace/nope')).status).toBe(400);
  });

  test('the search', async () => {
    const search = async (query: string) =>
      (await getJson(`/zipkin/api/v2/traces?${query}`)).map((spans: Array<{ traceId: string }>) => spans[0]?.traceId);
    const range = `endTs=${Date.now()}&lookback=3600000&limit=10`;
    expect(await search(`serviceName=shop-backend&spanName=select%20cart&minDuration=100000&${range}`)).toEqual([
      root.traceId,
    ]);
    expect(await search(`annotationQuery=${encodeURIComponent('error and db.system.name=sqlite')}&${range}`)).toEqual([
      root.traceId,
    ]);
    expect(await search(`annotationQuery=retry&${range}`)).toEqual([root.traceId]);
    expect(await search(`annotationQuery=nothing&${range}`)).toEqual([]);
    expect(await search(`maxDuration=20000&${range}`)).toEqual([other.traceId]);
    expect((await get('/zipkin/api/v2/traces?minDuration=x')).status).toBe(400);
    expect(await getJson(`/zipkin/api/v2/dependencies?endTs=${Date.now()}&lookback=3600000`)).toEqual([
      { parent: 'shop-edge', child: 'shop-backend', callCount: 1, errorCount: 1 },
    ]);
  });
});

test('the tools’ addresses are guarded like all reading', async () => {
  const closed = await runCollector({ readToken: 'a-read-token' });
  for (const path of [
    '/tempo/api/search?q={}',
    `/tempo/api/traces/${root.traceId}`,
    '/tempo/ready',
    '/jaeger/api/services',
    '/jaeger/api/v3/services',
    '/zipkin/api/v2/services',
    '/tempo/nothing',
  ]) {
    expect([path, (await fetch(closed.url + path)).status]).toEqual([path, 401]);
    expect([path, (await get(path, { 'x-forwarded-for': '203.0.113.9' })).status]).toEqual([path, 403]);
  }
  await closed.stop();
});
