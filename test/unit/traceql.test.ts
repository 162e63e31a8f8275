import { describe, expect, test } from 'vitest';
import { toTraceContext } from '../../edge/collector/query/span-context.ts';
import { matchesSpan, toTraceFilter } from '../../edge/collector/query/traceql/match-span.ts';
import { parseTraceql } from '../../edge/collector/query/traceql/parse-traceql.ts';
import { encodeAttributes } from '../../src/wire/otlp.ts';

const trace = toTraceContext({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  logs: [],
  spans: [
    {
      resource: { attributes: encodeAttributes({ 'service.name': 'shop', region: 'eu' }) },
      scope: { name: 'lib', version: '1.2' },
      span: {
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        parentSpanId: 'b7ad6b7169203330',
        name: 'GET /cart',
        kind: 2,
        startTimeUnixNano: '1000000000',
        endTimeUnixNano: '1250000000',
        status: { code: 2, message: 'broke' },
        attributes: encodeAttributes({
          'http.route': '/cart',
          'http.response.status_code': 503,
          ratio: 0.5,
          ok: true,
          'a b': 'spaced',
          list: ['x', 'y'],
          region: 'us',
        }),
      },
    },
  ],
});
const matches = (query: string) => trace.spans.some((span) => matchesSpan(parseTraceql(query).expression, span));

describe('TraceQL', () => {
  test.each([
    '{}',
    '{ }',
    '{ true }',
    '{ name = "GET /cart" }',
    '{ span:name = `GET /cart` }',
    '{ status = error && kind = server }',
    '{ status != ok }',
    '{ statusMessage =~ "bro.*" }',
    '{ duration > 100ms && duration <= 250ms }',
    '{ span:duration < 1m30s }',
    '{ traceDuration >= 0.25s }',
    '{ .http.route = "/cart" }',
    '{ span.http.response.status_code >= 500 }',
    '{ span.http.response.status_code = 503 }',
    '{ span.ratio < 0.75 && span.ratio > -1 }',
    '{ span.ok }',
    '{ span.ok = true }',
    '{ ."a b" = "spaced" }',
    '{ span."a b" =~ "sp.+" }',
    '{ span.list = "y" }',
    '{ resource.service.name = "shop" }',
    '{ .service.name =~ "sh|op|shop" }',
    '{ .region = "us" }',
    '{ resource.region = "eu" }',
    '{ span.nothing = nil }',
    '{ span.http.route != nil }',
    '{ (name = "x" || status = error) && !(kind = client) }',
    '{ rootName = "GET /cart" && rootServiceName = "shop" }',
    '{ nestedSetParent < 0 || true }',
    '{ instrumentation:name = "lib" && instrumentation:version = "1.2" }',
    '{ trace:id = "0af7651916cd43dd8448eb211c80319c" }',
    '{status=error} | select(span.http.route, status)',
  ])('%s matches', (query) => expect(matches(query)).toBe(true));

  test.each([
    '{ false }',
    '{ name = "GET" }',
    '{ name =~ "GET" }',
    '{ status = ok }',
    '{ duration > 1s }',
    '{ span.nothing != "x" }',
    '{ span.nothing !~ "x" }',
    '{ span.http.response.status_code = "503" }',
    '{ resource.http.route = "/cart" }',
    '{ name = "x" && status = error || kind = client }',
    '{ span.__proto__ != nil }',
    '{ nestedSetParent < 0 }',
  ])('%s does not', (query) => expect(matches(query)).toBe(false));

  test.each([
    ['', 'only one spanset'],
    ['name = "x"', 'only one spanset'],
    ['{ name = "x" } && { kind = server }', 'only one spanset'],
    ['{ name = "x" } | rate()', 'only one spanset'],
    ['{ name = "x" } | count() > 2', 'only one spanset'],
    ['{ name = "x" } >> { }', 'only one spanset'],
    ['{ name = "x"', 'expected "}" at position 13'],
    ['{ name = }', 'expected a value at position 10'],
    ['{ name ~ "x" }', 'expected "}"'],
    ['{ = "x" }', 'expected a field'],
    ['{ service.name = "x" }', 'field at position 3 is unknown'],
    ['{ toString = "x" }', 'is unknown'],
    ['{ event.name = "x" }', 'is unknown'],
    ['{ status = broken }', 'expected unset, ok, error at position 12'],
    ['{ name =~ "(" }', 'no regular expression'],
    ['{ name =~ 5 }', 'a pattern in quotes'],
    [`{ name =~ "${'a'.repeat(257)}" }`, 'at most 256'],
    [`{ ${'('.repeat(40)}true${')'.repeat(40)} }`, '32 parentheses'],
    [`{ ${'!'.repeat(40)}true }`, '32 parentheses'],
    [`{ ${'a'.repeat(5000)} }`, 'at most 4096'],
    ['{ name = "x" # }', 'unexpected character at position 14'],
    ['{ duration > 1s + 1s }', 'expected "}"'],
  ])('%s is refused: %s', (query, sentence) => expect(() => parseTraceql(query)).toThrow(sentence));

  test('what the store can answer is asked of it, and never more', () => {
    const filter = (query: string) => toTraceFilter(parseTraceql(query).expression);
    expect(filter('{ resource.service.name = "a" && duration > 1s && status = error }')).toEqual({
      service: 'a',
      minDurationMs: 1000,
      error: true,
    });
    expect(filter('{ traceDuration < 2s && traceDuration <= 1s }')).toEqual({ maxDurationMs: 1000 });
    for (const query of [
      '{ resource.service.name = "a" || duration > 1s }',
      '{ !(status = error) }',
      '{ duration < 1s }',
      '{ name = "a" }',
      '{ span.a = nil }',
      '{ !span.a }',
      '{ span.a = 1 || span.b = 2 }',
    ])
      expect([query, filter(query)]).toEqual([query, {}]);
    for (const [query, ...attributes] of [
      ['{ span.service.name = "a" }', { key: 'service.name', value: 'a' }],
      ['{ span.a = 1 && .b = true }', { key: 'a', value: '1' }, { key: 'b', value: 'true' }],
      ['{ span.a != 1 && resource.b =~ "x" }', { key: 'a' }, { key: 'b' }],
      ['{ span.a > 1 && span.b != nil }', { key: 'a' }, { key: 'b' }],
      ['{ span.a = 1s && span.b = 9007199254740993 }', { key: 'a' }, { key: 'b' }],
      ['{ resource.service.name =~ "a" }', { key: 'service.name' }],
    ] as const)
      expect([query, filter(query)]).toEqual([query, { attributes }]);
  });
});
