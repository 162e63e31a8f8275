import { describe, expect, test } from 'vitest';
import type { ResourceRecord, SpanRecord } from '../../edge/otlp/records.ts';
import { assembleTrace } from '../../edge/trace/assemble-trace.ts';
import { ATTR_CLOCK_OFFSET, ATTR_PAGE_VIEW_ID, ATTR_SERVICE_NAME, ATTR_TRUST } from '../../src/wire/names.ts';
import { encodeAttributes, type OtlpLogRecord, type OtlpSpan, SPAN_KIND } from '../../src/wire/otlp.ts';
import { msToUnixNano } from '../../src/wire/time.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const T0 = 1_763_788_800_000;

const resource = (attributes: Record<string, string | number>): ResourceRecord => ({
  attributes: encodeAttributes({ [ATTR_TRUST]: 'trusted', ...attributes }),
});
const browser = resource({ [ATTR_SERVICE_NAME]: 'shop-web', 'telemetry.sdk.language': 'webjs' });
const edge = resource({ [ATTR_SERVICE_NAME]: 'shop-edge', 'cloud.platform': 'cloudflare.workers' });
const backend = resource({ [ATTR_SERVICE_NAME]: 'shop-backend', 'telemetry.sdk.language': 'nodejs' });

const idOf = (name: string) => Buffer.from(name.padEnd(8, '_').slice(0, 8)).toString('hex');

interface Options extends Partial<OtlpSpan> {
  parent?: string;
  on?: ResourceRecord;
  scope?: string;
}
/** Times are ms from T0. */
function span(name: string, startMs: number, endMs: number, options: Options = {}): SpanRecord {
  const { parent, on, scope, ...rest } = options;
  return {
    resource: on ?? backend,
    scope: { name: scope ?? 'test' },
    span: {
      traceId,
      spanId: idOf(name),
      ...(parent ? { parentSpanId: idOf(parent) } : {}),
      name,
      kind: SPAN_KIND.internal,
      startTimeUnixNano: msToUnixNano(T0 + startMs),
      endTimeUnixNano: msToUnixNano(T0 + endMs),
      ...rest,
    },
  };
}
const server = { kind: SPAN_KIND.server };
const client = { kind: SPAN_KIND.client };
const assemble = (...spans: SpanRecord[]) => assembleTrace({ traceId, spans, logs: [] });
const names = (view: ReturnType<typeof assemble>) => view.spans.map(({ name }) => name);
const byName = (view: ReturnType<typeof assemble>, name: string) => {
  const found = view.spans.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no span ${name}`);
  return { ...found, start: Math.round((found.startMs - T0) * 1000) / 1000 };
};

describe('tree', () => {
  test('parents come before children, siblings by start, the root first', () => {
    const view = assemble(
      span('c', 30, 40, { parent: 'root' }),
      span('a2', 12, 14, { parent: 'a' }),
      span('a', 10, 20, { parent: 'root' }),
      span('root', 0, 100),
      span('a1', 11, 12, { parent: 'a' }),
      span('early orphan', -50, -40, { parent: 'nowhere' }),
    );
    expect(names(view)).toEqual(['root', 'a', 'a1', 'a2', 'c', 'early orphan']);
    expect(view.root).toBe(idOf('root'));
    expect(view.hasRoot).toBe(true);
    expect(view.warnings).toEqual([]);
    expect(byName(view, 'early orphan')).toMatchObject({ orphan: true, parentSpanId: idOf('nowhere') });
    expect(view).toMatchObject({ startMs: T0 - 50, durationMs: 150 });
  });

  test('without a root the earliest orphan stands for it', () => {
    const view = assemble(span('b', 5, 6, { parent: 'gone' }), span('a', 1, 9, { parent: 'gone too' }));
    expect(view.hasRoot).toBe(false);
    expect(view.root).toBe(idOf('a'));
    expect(names(view)).toEqual(['a', 'b']);
  });

  test('a page view whose root has not come is made of its children, and takes the place the root will have', () => {
    const page = { on: browser, attributes: encodeAttributes({ [ATTR_PAGE_VIEW_ID]: 'feed' }) };
    const spans = [
      span('document', 3, 40, { parent: 'root', ...page, ...client }),
      span('GET /', 10, 30, { parent: 'document', on: edge, ...server }),
      span('fetch', 50, 90, { parent: 'root', ...page, ...client }),
      span('handler', 60, 80, { parent: 'fetch', on: backend, ...server }),
      span('elsewhere', 20, 500, { parent: 'lost', on: backend, ...server }),
    ];
    const vital: OtlpLogRecord = {
      traceId,
      timeUnixNano: msToUnixNano(T0 + 60),
      eventName: 'browser.web_vital',
      attributes: encodeAttributes({ 'url.template': '/cart/{id}' }),
    };
    const logs = [{ resource: browser, scope: { name: '' }, log: vital }];
    const view = assembleTrace({ traceId, spans, logs });
    expect(view).toMatchObject({ root: idOf('root'), hasRoot: false, warnings: [] });
    expect(names(view)).toEqual(['page view /cart/{id}', 'document', 'GET /', 'fetch', 'handler', 'elsewhere']);
    expect(byName(view, 'page view /cart/{id}')).toMatchObject({
      provisional: true,
      parentSpanId: '',
      orphan: false,
      layer: 'browser',
      service: 'shop-web',
      start: 3,
      durationMs: 87,
    });
    expect(view.spans.filter(({ orphan }) => orphan).map(({ name }) => name)).toEqual(['elsewhere']);
    // The root comes late: nothing of the provisional one is left.
    const whole = assembleTrace({ traceId, spans: [...spans, span('root', 0, 120, { on: browser })], logs });
    expect(whole).toMatchObject({ root: idOf('root'), hasRoot: true });
    expect(names(whole)[0]).toBe('root');
    expect(whole.spans.length).toBe(6);
    expect(whole.spans.some(({ provisional }) => provisional)).toBe(false);
  });

  test('without a page view nothing is made up: servers and other browsers’ spans stay orphans', () => {
    const view = assemble(
      span('GET /', 10, 30, { parent: 'document', on: edge, ...server }),
      span('fetch', 50, 90, { parent: 'root', on: browser, ...client }),
    );
    expect(view.spans.length).toBe(2);
    expect(view.spans.every(({ orphan }) => orphan)).toBe(true);
  });

  test('equal starts are ordered by the sequence number of the platform', () => {
    const numbered = (name: string, sequence: number) =>
      span(name, 5, 5, {
        parent: 'root',
        attributes: encodeAttributes({ 'cloudflare.invocation.sequence.number': sequence }),
      });
    expect(names(assemble(span('root', 0, 9), numbered('b', 2), numbered('c', 10), numbered('a', 1)))).toEqual([
      'root',
      'a',
      'b',
      'c',
    ]);
  });

  test('a span that is its own parent, a circle and a double id are shown and named', () => {
    const view = assemble(
      span('root', 0, 9),
      span('self', 1, 2, { parent: 'self' }),
      span('x', 3, 4, { parent: 'z' }),
      span('y', 4, 5, { parent: 'x' }),
      span('z', 5, 6, { parent: 'y' }),
      span('below', 6, 7, { parent: 'z' }),
      span('y', 100, 200),
    );
    expect(names(view)).toEqual(['root', 'self', 'x', 'y', 'z', 'below']);
    expect(byName(view, 'self')).toMatchObject({ orphan: true, parentSpanId: '' });
    expect(byName(view, 'x')).toMatchObject({ orphan: true, parentSpanId: '' });
    expect(byName(view, 'z')).toMatchObject({ orphan: false, parentSpanId: idOf('y') });
    expect(view.warnings).toEqual([
      '1 span(s) named themselves as parent: shown without one.',
      '1 circle(s) of parents: each is cut at its earliest span.',
      '1 span(s) came with an id that was taken: the first is shown.',
    ]);
  });

  test('two roots: the earliest is the root, and a warning says so', () => {
    const view = assemble(span('late', 5, 6), span('early', 1, 2));
    expect(names(view)).toEqual(['early', 'late']);
    expect(view.warnings).toEqual(['2 spans have no parent: the earliest is shown as the root.']);
  });

  test('nothing at all is an empty trace', () => {
    expect(assemble()).toMatchObject({ root: '', hasRoot: false, startMs: 0, durationMs: 0, spans: [], events: [] });
  });

  test('a chain of 100,000 spans is assembled without recursion', () => {
    const chain = Array.from({ length: 100_000 }, (_, i) => {
      const record = span('s', i / 1000, 200);
      const id = (n: number) => n.toString(16).padStart(16, '0');
      return { ...record, span: { ...record.span, spanId: id(i + 1), ...(i > 0 ? { parentSpanId: id(i) } : {}) } };
    });
    const view = assemble(...chain.slice(0, 2), ...chain.slice(2).reverse().slice(0, 10));
    expect(view.spans).toHaveLength(12);
    const whole = assembleTrace({ traceId, spans: chain.reverse(), logs: [] });
    expect(whole.spans).toHaveLength(100_000);
    expect(whole.spans[99_999]?.spanId).toBe((100_000).toString(16).padStart(16, '0'));
  });
});

describe('layers', () => {
  test('by SDK language, platform, scope and messaging', () => {
    const view = assemble(
      span('page', 0, 9, { on: browser }),
      span('worker', 1, 8, { on: edge }),
      span('scoped', 1, 8, { on: resource({ [ATTR_SERVICE_NAME]: 'x' }), scope: 'throughline/edge' }),
      span('api', 2, 7),
      span('send', 3, 4, { kind: SPAN_KIND.producer }),
      span('take', 5, 6, { kind: SPAN_KIND.consumer, on: edge }),
      span('settle', 5, 6, { attributes: encodeAttributes({ 'messaging.system': 'kafka' }) }),
    );
    const layers = Object.fromEntries(view.spans.map(({ name, layer }) => [name, layer]));
    expect(layers).toEqual({
      page: 'browser',
      worker: 'edge',
      scoped: 'edge',
      api: 'backend',
      send: 'queue',
      take: 'queue',
      settle: 'queue',
    });
  });

  test('a resource stands once in the list whatever batches it came with', () => {
    const again = resource({ [ATTR_SERVICE_NAME]: 'shop-backend', 'telemetry.sdk.language': 'nodejs' });
    const view = assemble(span('a', 0, 1), span('b', 1, 2, { on: again, parent: 'a' }));
    expect(view.resources).toHaveLength(1);
    expect(view.resources[0]).toMatchObject({ service: 'shop-backend', layer: 'backend', trust: 'trusted' });
  });
});

describe('clocks', () => {
  test('a server behind its caller is moved by the least that makes it nest, with all below it', () => {
    const view = assemble(
      span('fetch', 10.5, 50.25, { ...client, on: browser }),
      span('handler', 2.25, 30.5, { ...server, on: edge, parent: 'fetch' }),
      span('inner', 5.125, 9.5, { on: edge, parent: 'handler' }),
    );
    expect(byName(view, 'handler')).toMatchObject({ start: 10.5, shiftMs: 8.25, durationMs: 28.25 });
    expect(byName(view, 'inner')).toMatchObject({ start: 13.375, shiftMs: 8.25 });
    expect(byName(view, 'fetch')).toMatchObject({ start: 10.5, shiftMs: 0 });
  });

  test('a server ahead of its caller is moved back to where it just ends in time', () => {
    const view = assemble(
      span('fetch', 10.5, 50.5, { ...client, on: browser }),
      span('handler', 30.25, 60.25, { ...server, on: edge, parent: 'fetch' }),
    );
    expect(byName(view, 'handler')).toMatchObject({ start: 20.5, shiftMs: -9.75 });
  });

  test('what nests already is not touched', () => {
    const view = assemble(
      span('fetch', 10.5, 50.5, { ...client, on: browser }),
      span('handler', 12.25, 48.25, { ...server, on: edge, parent: 'fetch' }),
    );
    expect(view.spans.every(({ shiftMs, stretchMs }) => shiftMs === 0 && stretchMs === 0)).toBe(true);
  });

  test('a server that outlives its caller stays when it starts inside, and else starts with it', () => {
    const outlives = (startMs: number) =>
      byName(
        assemble(
          span('fetch', 10.5, 20.5, { ...client, on: browser }),
          span('stream', startMs, startMs + 500.5, { ...server, parent: 'fetch' }),
        ),
        'stream',
      ).shiftMs;
    expect(outlives(15.25)).toBe(0);
    expect(outlives(5.25)).toBe(5.25);
    expect(outlives(900.25)).toBe(-889.75);
  });

  test('a measured offset moves the whole clock first, and small ones are the way of the request', () => {
    const measured = (offsetMs: number) => ({
      attributes: [...browser.attributes, ...encodeAttributes({ [ATTR_CLOCK_OFFSET]: offsetMs })],
    });
    const off = (offsetMs: number) =>
      assemble(
        span('page', -3_600_000.5, -3_599_000.5, { on: measured(offsetMs + 80) }),
        span('fetch', -3_599_900.5, -3_599_500.5, { ...client, on: measured(offsetMs), parent: 'page' }),
        span('handler', 120.25, 420.25, { ...server, on: edge, parent: 'fetch' }),
      );
    const view = off(3_600_000);
    expect(byName(view, 'page')).toMatchObject({ start: -0.5, shiftMs: 3_600_000 });
    expect(byName(view, 'handler')).toMatchObject({ shiftMs: 0, start: 120.25 });
    expect(view.resources.find(({ layer }) => layer === 'browser')?.attributes[ATTR_CLOCK_OFFSET]).toBeUndefined();
    expect(byName(off(900), 'page').shiftMs).toBe(0);
  });

  test('no consumer and nothing below a producer is moved to fit', () => {
    const view = assemble(
      span('send', 10.5, 11.5, { kind: SPAN_KIND.producer, on: edge }),
      span('process', 5000.5, 5100.5, { kind: SPAN_KIND.consumer, parent: 'send' }),
      span('push', 900.5, 990.5, { ...server, on: browser, parent: 'send' }),
    );
    expect(view.spans.map(({ shiftMs }) => shiftMs)).toEqual([0, 0, 0]);
  });

  test('a clock of whole milliseconds is widened by at most one so that children nest', () => {
    const view = assemble(
      span('handler', 10, 12, { ...server, on: edge }),
      span('call', 10, 12, { ...client, on: edge, parent: 'handler' }),
      span('api', 10.2, 12.75, { ...server, parent: 'call' }),
    );
    expect(byName(view, 'call')).toMatchObject({ start: 10, durationMs: 2.75, stretchMs: 0.75 });
    expect(byName(view, 'handler')).toMatchObject({ start: 10, durationMs: 2.75, stretchMs: 0.75 });
    expect(byName(view, 'api').shiftMs).toBe(0);
  });

  test('raw times can be had back from every corrected span', () => {
    const records = [
      span('fetch', 10.5, 50.25, { ...client, on: browser }),
      span('handler', 2, 30, { ...server, on: edge, parent: 'fetch' }),
      span('api', 300.5, 340.5, { ...server, parent: 'handler' }),
    ];
    for (const view of assemble(...records).spans) {
      const raw = records.find(({ span }) => span.spanId === view.spanId)?.span;
      expect(msToUnixNano(view.startMs - view.shiftMs)).toBe(raw?.startTimeUnixNano);
      expect(msToUnixNano(view.startMs - view.shiftMs + view.durationMs - view.stretchMs)).toBe(raw?.endTimeUnixNano);
    }
  });
});

describe('events and attributes', () => {
  const log = (timeMs: number, fields: Partial<OtlpLogRecord>, on = browser) => ({
    resource: on,
    scope: { name: 'test' },
    log: { timeUnixNano: msToUnixNano(T0 + timeMs), ...fields },
  });

  test('log records stand by time and move with the span of their sender', () => {
    const view = assembleTrace({
      traceId,
      spans: [
        span('fetch', 10.5, 50.5, { ...client, on: browser }),
        span('handler', 2.5, 30.5, { ...server, on: edge, parent: 'fetch' }),
      ],
      logs: [
        log(40, { eventName: 'late', traceId }),
        log(3.5, { eventName: 'exception', traceId, spanId: idOf('handler'), severityNumber: 17 }, edge),
        log(1, { body: { stringValue: 'early' } }),
      ],
    });
    expect(view.events.map(({ name, timeMs }) => [name, timeMs - T0])).toEqual([
      ['', 1],
      ['exception', 11.5],
      ['late', 40],
    ]);
    expect(view.events[1]).toMatchObject({ service: 'shop-edge', severity: 17, spanId: idOf('handler') });
    expect(view.events[0]?.body).toBe('early');
  });

  test('span events without a time stand at their span’s start', () => {
    const view = assemble(span('a', 5, 9, { events: [{ timeUnixNano: '0', name: 'e' }] }));
    expect(view.spans[0]?.events[0]).toMatchObject({ name: 'e', timeMs: T0 + 5, spanId: idOf('a') });
  });

  test('values become plain ones, keys of Object.prototype included', () => {
    const view = assemble(
      span('a', 0, 1, {
        attributes: [
          { key: '__proto__', value: { stringValue: 'x' } },
          { key: 'big', value: { intValue: '9223372036854775807' } },
          { key: 'int', value: { intValue: '7' } },
          { key: 'nan', value: { doubleValue: 'NaN' } },
          { key: 'none', value: {} },
          { key: 'bytes', value: { bytesValue: 'AAE=' } },
          { key: 'twice', value: { intValue: '1' } },
          { key: 'twice', value: { intValue: '2' } },
          { key: 'list', value: { arrayValue: { values: [{ boolValue: true }, {}] } } },
          { key: 'map', value: { kvlistValue: { values: [{ key: 'constructor', value: { intValue: '1' } }] } } },
        ],
      }),
    );
    const { attributes } = view.spans[0] as (typeof view.spans)[number];
    expect(JSON.parse(JSON.stringify(Object.entries(attributes)))).toEqual([
      ['__proto__', 'x'],
      ['big', '9223372036854775807'],
      ['int', 7],
      ['nan', 'NaN'],
      ['none', null],
      ['bytes', 'AAE='],
      ['twice', 2],
      ['list', [true, null]],
      ['map', { constructor: 1 }],
    ]);
    expect(Object.getPrototypeOf(attributes)).toBeNull();
  });
});
