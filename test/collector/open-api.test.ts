import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeAttributes } from '../../src/wire/otlp.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { type RunningCollector, runCollector } from '../support/running-collector.ts';

interface Schema {
  $ref?: string;
  type?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  items?: Schema;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
}
interface Operation {
  operationId: string;
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let running: RunningCollector;
let api: OpenApi;
const root = makeSpan({
  attributes: encodeAttributes({ 'session.id': 'session-1', 'user.id': 'user-1', 'http.route': '/cart' }),
  events: [{ timeUnixNano: '1', name: 'e' }],
  links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16) }],
});

beforeAll(async () => {
  running = await runCollector();
  const child = makeSpan({
    traceId: root.traceId,
    parentSpanId: root.spanId,
    kind: 1,
    status: { code: 2, message: 'x' },
  });
  const vital = makeLog({
    eventName: 'browser.web_vital',
    traceId: root.traceId,
    attributes: encodeAttributes({ 'browser.web_vital.name': 'lcp', 'browser.web_vital.value': 1234.5 }),
  });
  const payload = makePayload({ spans: [root, child], logs: [vital] });
  const response = await fetch(`${running.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  });
  expect(await response.text()).toBe('{}');
  api = (await (await fetch(`${running.url}/api/openapi.json`)).json()) as OpenApi;
});
afterAll(() => running.stop());

/** What of `value` the schema does not allow, by path; properties the schema does not name are not allowed. */
function faults(schema: Schema, value: unknown, at = '$'): string[] {
  if (schema.$ref) return faults(api.components.schemas[schema.$ref.split('/').at(-1) as string] as Schema, value, at);
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not in the list`];
  if (schema.type === 'array')
    return Array.isArray(value)
      ? value.flatMap((item, i) => faults(schema.items ?? {}, item, `${at}[${i}]`))
      : [`${at}: no array`];
  if (schema.type === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: no object`];
    const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${at}.${key} is missing`);
    if (!schema.properties) return missing;
    const { properties } = schema;
    const others = Object.entries(value).flatMap(([key, item]) => {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      return property ? faults(property, item, `${at}.${key}`) : [`${at}.${key} is not described`];
    });
    return [...missing, ...others];
  }
  const isOfType =
    schema.type === undefined ||
    (schema.type === 'integer' ? Number.isInteger(value) : typeof value === schema.type) ||
    false;
  if (!isOfType) return [`${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  if (schema.pattern && !new RegExp(schema.pattern).test(String(value))) return [`${at}: ${String(value)}`];
  return schema.minimum !== undefined && Number(value) < schema.minimum ? [`${at}: below ${schema.minimum}`] : [];
}

const HOUR_MS = 3_600_000;
const window = () => `fromMs=${Date.now() - HOUR_MS}&toMs=${Date.now() + HOUR_MS}`;

describe('the OpenAPI document', () => {
  test('names every address of the API', () => {
    const served = running.collector.app.routes
      .filter(({ path, method }) => path.startsWith('/api/') && method !== 'ALL')
      .map(({ path, method }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const described = Object.entries(api.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(served.length).toBeGreaterThan(8);
    expect(served.filter((route) => !described.includes(route))).toEqual([]);
  });

  test.each([
    ['findTraces', () => '/api/traces?limit=1'],
    ['getTrace', () => `/api/traces/${root.traceId}`],
    ['findSessions', () => `/api/sessions?${window()}`],
    ['getStatistics', () => `/api/statistics?${window()}&by=hour,service,route,device`],
    ['getStatistics', () => `/api/statistics?measure=lcp&${window()}`],
    ['getStats', () => '/api/stats'],
    ['getOpenApi', () => '/api/openapi.json'],
  ])('%s answers as described', async (operationId, path) => {
    const operation = Object.values(api.paths)
      .flatMap((operations) => Object.values(operations))
      .find((candidate) => candidate.operationId === operationId);
    const response = await fetch(running.url + path());
    expect(response.status).toBe(200);
    const schema = operation?.responses['200']?.content?.['application/json']?.schema as Schema;
    expect(faults(schema, await response.json())).toEqual([]);
  });

  test('errors answer as described', async () => {
    for (const path of [
      '/api/traces?limit=0',
      '/api/traces/nope',
      `/api/traces/${'e'.repeat(32)}`,
      '/api/sessions?error=maybe',
      '/api/statistics?measure=speed',
      '/api/statistics?by=colour',
      '/api/statistics?limit=1001',
    ]) {
      const response = await fetch(running.url + path);
      expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
      expect(faults({ $ref: '#/components/schemas/Error' }, await response.json())).toEqual([]);
    }
  });
});

describe('sessions, statistics and deletion', () => {
  test('what a session did is listed and what was requested is counted', async () => {
    const { sessions } = (await (await fetch(`${running.url}/api/sessions?${window()}`)).json()) as {
      sessions: object[];
    };
    expect(sessions).toMatchObject([{ sessionId: 'session-1', userId: 'user-1', traceCount: 1, spanCount: 2 }]);
    const { rows } = (await (await fetch(`${running.url}/api/statistics?${window()}&by=route`)).json()) as {
      rows: object[];
    };
    expect(rows).toMatchObject([{ route: '/cart', count: expect.any(Number) }]);
  });

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'http://localhost:1' }],
    ['a proxy', { 'x-forwarded-for': '203.0.113.9' }],
  ])('a page from %s deletes nothing', async (_, headers) => {
    const response = await fetch(`${running.url}/api/sessions/session-1`, {
      method: 'DELETE',
      headers: headers as never,
    });
    expect(response.status).toBe(403);
    expect(await running.store.trace(root.traceId)).toBeDefined();
  });

  test('a session is deleted for good, by the viewer and by scripts', async () => {
    const response = await fetch(`${running.url}/api/sessions/session-1`, {
      method: 'DELETE',
      headers: { origin: running.url, 'sec-fetch-site': 'same-origin' },
    });
    const removed = await response.json();
    expect(faults({ $ref: '#/components/schemas/Removed' }, removed)).toEqual([]);
    expect(removed).toMatchObject({ traces: 1, spans: 2 });
    expect((await fetch(`${running.url}/api/traces/${root.traceId}`)).status).toBe(404);
    const user = await fetch(`${running.url}/api/users/user-1`, { method: 'DELETE' });
    expect(await user.json()).toMatchObject({ traces: 0 });
  });
});
