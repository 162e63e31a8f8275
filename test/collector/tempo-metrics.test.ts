import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeAttributes, type OtlpSpan } from '../../src/wire/otlp.ts';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { type RunningCollector, runCollector } from '../support/running-collector.ts';

interface Series {
  labels: { key: string; value: { stringValue?: string; doubleValue?: number } }[];
  samples: { timestampMs: string; value: number }[];
  value: number;
  promLabels: string;
  exemplars?: object[];
}

const HOUR_MS = 3_600_000;
/** A whole hour that is over, so that its rate is its count by its length. */
const hourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
const nanos = (ms: number) => `${Math.round(ms * 1000)}000`;

let running: RunningCollector;

/** `count` requests of an edge worker, each with a backend span below it, `everyMs` apart. */
function requests(options: { route: string; count: number; durationMs: number; failed?: boolean; atMs: number }) {
  const { route, count, durationMs, failed, atMs } = options;
  return Array.from({ length: count }, (_, i): { root: OtlpSpan; query: OtlpSpan } => {
    const startMs = atMs + i * 1000;
    const root = makeSpan({
      name: `GET ${route}`,
      kind: 2,
      startTimeUnixNano: nanos(startMs),
      endTimeUnixNano: nanos(startMs + durationMs),
      attributes: encodeAttributes({ 'http.route': route }),
      ...(failed && { status: { code: 2 } }),
    });
    const query = makeSpan({
      traceId: root.traceId,
      parentSpanId: root.spanId,
      kind: 3,
      startTimeUnixNano: nanos(startMs + 1),
      endTimeUnixNano: nanos(startMs + 2),
    });
    return { root, query };
  });
}

beforeAll(async () => {
  running = await runCollector();
  const send = async (service: string, spans: OtlpSpan[]) => {
    const response = await fetch(`${running.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(makePayload({ spans }, { service })),
    });
    expect(await response.text()).toBe('{}');
  };
  const edge = [
    ...requests({ route: '/cart', count: 60, durationMs: 100, atMs: hourMs }),
    ...requests({ route: '/cart', count: 12, durationMs: 100, failed: true, atMs: hourMs + 600_000 }),
    ...requests({ route: '/pay', count: 36, durationMs: 2000, atMs: hourMs + HOUR_MS }),
  ];
  await send(
    'shop-edge',
    edge.flatMap(({ root, query }) => [root, query]),
  );
  const served = edge.slice(0, 30).map(({ root }) =>
    makeSpan({
      traceId: root.traceId,
      parentSpanId: root.spanId,
      kind: 2,
      startTimeUnixNano: root.startTimeUnixNano,
      endTimeUnixNano: root.endTimeUnixNano,
      attributes: encodeAttributes({ 'http.route': '/v1/cart' }),
    }),
  );
  await send('shop-backend', served);
});
afterAll(() => running.stop());

/** As Grafana's backend asks: the query form-encoded, times in whole seconds. */
function ask(path: string, parameters: Record<string, string>): Promise<Response> {
  const params = new URLSearchParams({
    start: String(hourMs / 1000),
    end: String((hourMs + 2 * HOUR_MS) / 1000),
    ...parameters,
  });
  return fetch(`${running.url}/tempo/api/metrics/${path}?${params}`, { headers: { accept: 'application/json' } });
}

async function seriesOf(path: string, parameters: Record<string, string>): Promise<Series[]> {
  const response = await ask(path, parameters);
  expect(response.status).toBe(200);
  const body = (await response.json()) as { series: Series[]; metrics: object };
  expect(body.metrics).toEqual({ completedJobs: 1, totalJobs: 1 });
  return body.series;
}

const shown = (series: Series[]) =>
  Object.fromEntries(
    series.map(({ promLabels, samples }) => [promLabels, samples.map(({ value }) => Math.round(value * 1e6) / 1e6)]),
  );

describe('query_range of rate', () => {
  test('served requests a second, hour by hour, named as Tempo names them', async () => {
    const [only, ...others] = await seriesOf('query_range', {
      q: '{ kind = server } | rate()',
      step: '1h',
      exemplars: '100',
    });
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      labels: [{ key: '__name__', value: { stringValue: 'rate' } }],
      promLabels: '{__name__="rate"}',
      exemplars: [],
    });
    expect(only?.samples.map(({ timestampMs }) => timestampMs)).toEqual(
      [hourMs, hourMs + HOUR_MS, hourMs + 2 * HOUR_MS].map(String),
    );
    expect(only?.samples.map(({ value }) => Math.round(value * 3600))).toEqual([0, 102, 36]);
  });

  test('root spans, told apart by service and by route, labels as they were written', async () => {
    const byRoute = await seriesOf('query_range', {
      q: '{ nestedSetParent < 0 && true && resource.service.name = "shop-edge" } | rate() by (span.http.route) with (sample=true)',
      step: '1h',
    });
    expect(byRoute.map(({ labels }) => labels)).toEqual([
      [{ key: 'span.http.route', value: { stringValue: '/cart' } }],
      [{ key: 'span.http.route', value: { stringValue: '/pay' } }],
    ]);
    expect(shown(byRoute)).toEqual({
      '{span.http.route="/cart"}': [0, 0.02, 0],
      '{span.http.route="/pay"}': [0, 0, 0.01],
    });
    const both = await seriesOf('query_range', {
      q: '{kind=server}|rate() by(resource.service.name, .http.route)',
      step: '3600',
    });
    expect(Object.keys(shown(both)).sort()).toEqual([
      '{resource.service.name="shop-backend", .http.route="/v1/cart"}',
      '{resource.service.name="shop-edge", .http.route="/cart"}',
      '{resource.service.name="shop-edge", .http.route="/pay"}',
    ]);
  });

  test('failed requests, and those that did not fail', async () => {
    const failed = await seriesOf('query_range', { q: '{nestedSetParent<0 && status=error} | rate()', step: '1h' });
    expect(failed[0]?.samples.map(({ value }) => Math.round(value * 3600))).toEqual([0, 12, 0]);
    const fine = await seriesOf('query_range', { q: '{nestedSetParent=-1 && status != error} | rate()', step: '1h' });
    expect(fine[0]?.samples.map(({ value }) => Math.round(value * 3600))).toEqual([0, 60, 36]);
  });

  test('shorter steps tell the rate of their hour, longer ones that of all their hours', async () => {
    const [fine] = await seriesOf('query_range', { q: '{ kind = server } | rate()', step: '15m' });
    expect(fine?.samples.map(({ value }) => Math.round(value * 3600))).toEqual([0, 102, 102, 102, 102, 36, 36, 36, 36]);
    const wide = {
      start: String(hourMs / 1000),
      end: String(hourMs / 1000 + 4 * 3600),
      q: '{ kind = server } | rate()',
    };
    const [coarse] = await seriesOf('query_range', { ...wide, step: '4h' });
    const total = coarse?.samples.reduce((sum, { value }) => sum + value * 4 * 3600, 0) ?? 0;
    expect(Math.round(total)).toBeLessThanOrEqual(138);
    expect(total).toBeGreaterThan(0);
    const [unasked] = await seriesOf('query_range', { q: '{ kind = server } | rate()' });
    expect(unasked?.samples.length).toBe(201);
  });

  test('what is not there has no series', async () => {
    expect(
      await seriesOf('query_range', { q: '{ kind = server && resource.service.name = "none" } | rate()' }),
    ).toEqual([]);
  });
});

describe('query_range of quantile_over_time', () => {
  test('a series a quantile, in seconds, within the width of a bucket', async () => {
    const series = await seriesOf('query_range', {
      q: '{ nestedSetParent < 0 } | quantile_over_time(duration, .5, 0.99) by (resource.service.name)',
      step: '1h',
    });
    expect(series.map(({ labels }) => labels)).toEqual(
      [0.5, 0.99].map((share) => [
        { key: 'resource.service.name', value: { stringValue: 'shop-edge' } },
        { key: 'p', value: { doubleValue: share } },
      ]),
    );
    for (const { samples } of series) {
      expect(samples.map(({ timestampMs }) => Number(timestampMs))).toEqual([hourMs + HOUR_MS, hourMs + 2 * HOUR_MS]);
      const [first = 0, second = 0] = samples.map(({ value }) => value);
      expect(Math.abs(first - 0.1) / 0.1).toBeLessThan(0.026);
      expect(Math.abs(second - 2) / 2).toBeLessThan(0.026);
    }
    const [only] = await seriesOf('query_range', {
      q: '{kind=server} | quantile_over_time(span:duration, 1)',
      step: '1h',
    });
    expect(only?.promLabels).toBe('{p="1"}');
  });

  test('an instant query tells one value a series', async () => {
    const [rate] = await seriesOf('query', {
      q: '{ kind = server } | rate()',
      end: String((hourMs + 2 * HOUR_MS) / 1000 - 1),
    });
    expect(Math.round((rate?.value ?? 0) * 7200)).toBe(138);
    const [median] = await seriesOf('query', { q: '{ kind = server } | quantile_over_time(duration, .5)' });
    expect(Math.abs((median?.value ?? 0) - 0.1)).toBeLessThan(0.003);
  });
});

test.each([
  ['{} | rate()', 'root spans, { nestedSetParent < 0 }, and served requests, { kind = server }'],
  ['{ kind = client } | rate()', 'add one of them'],
  ['{ kind = server || kind = client } | rate()', 'add one of them'],
  ['{ kind = server && nestedSetParent < 0 } | rate()', 'add one of them'],
  ['{ kind = server && span.foo = "x" } | rate()', 'add one of them'],
  ['{ kind = server && resource.service.name =~ "shop.*" } | rate()', 'add one of them'],
  ['{ kind = server } | rate() by (span.foo)', '"by" takes'],
  ['{ kind = server } | count_over_time()', 'rate() and quantile_over_time(duration, 0.5, …)'],
  ['{ kind = server } | histogram_over_time(duration)', 'are understood here'],
  ['{ kind = server } | rate() | topk(5)', 'are understood here'],
  ['{ kind = server } | quantile_over_time(span.size, .5)', 'expected duration'],
  ['{ kind = server } | quantile_over_time(duration)', 'a share from 0 to 1'],
  ['{ kind = server } | quantile_over_time(duration, 50)', 'a share from 0 to 1'],
  ['{ kind = server && status = error } | quantile_over_time(duration, .5)', 'leave status out'],
  ['{ kind = server }', 'behind one spanset'],
  ['', 'behind one spanset'],
])('%s is refused with a sentence', async (q, sentence) => {
  for (const path of ['query_range', 'query']) {
    const response = await ask(path, { q });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain(sentence);
  }
});

test.each([
  [{ step: '1ms' }, 'at least a second'],
  [{ step: 'soon' }, 'at least a second'],
  [{ step: '1s', start: '1' }, 'at most 11000 points'],
  [{ start: '20', end: '10' }, 'start must be before end'],
])('%o is refused with a sentence', async (parameters, sentence) => {
  const response = await ask('query_range', { q: '{ kind = server } | rate()', ...parameters } as Record<
    string,
    string
  >);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { error: string }).error).toContain(sentence);
});
