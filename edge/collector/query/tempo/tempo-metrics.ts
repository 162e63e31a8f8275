import type { StatisticsQuery, StatisticsRow, TraceStore } from '../../../store/trace-store.ts';
import { InvalidQueryError } from '../invalid-query.ts';
import type { QueryReader } from '../query-values.ts';
import type { MetricsQuery } from '../traceql/expression.ts';
import { parseTraceqlMetrics } from '../traceql/parse-traceql.ts';
import { type RequestMetrics, toRequestMetrics } from '../traceql/request-metrics.ts';
import { parseDurationMs } from '../traceql/tokenize.ts';
import { timeRange } from './tempo-search.ts';

const HOUR_MS = 3_600_000;
/** As many as Prometheus answers. */
const MAX_POINTS = 11_000;
const DEFAULT_POINTS = 200;
const MIN_STEP_MS = 1000;
const MAX_SERIES = 200;

interface Label {
  key: string;
  value: { stringValue: string } | { doubleValue: number };
}

interface Series {
  labels: Label[];
  rows: StatisticsRow[];
}

interface Window {
  fromMs: number;
  toMs: number;
}

/**
 * `GET /api/metrics/query_range` of Tempo, out of sums by the hour: a point within an hour tells that hour's rate or
 * quantile, a longer step that of the hours it covers. Durations are in seconds.
 */
export async function queryRange(store: TraceStore, query: QueryReader, nowMs: number): Promise<object> {
  const metrics = parseTraceqlMetrics(query('q')?.trim() ?? '');
  const window = readWindow(query, nowMs);
  const stepMs = readStep(query, window);
  const everyHours = metrics.metric.name === 'rate' ? 1 : Math.max(1, Math.round(stepMs / HOUR_MS));
  const asked = toRequestMetrics(metrics);
  const rows = await store.statistics({
    ...toStatistics(asked, window),
    by: ['hour', ...groupsOf(asked)],
    everyHours,
    ...quantilesOf(metrics),
  });
  const series = toSeries(rows, asked).flatMap(({ labels, rows: own }) => {
    const byHour = new Map(own.map((row) => [(row.hourMs ?? 0) / HOUR_MS, row]));
    if (metrics.metric.name === 'rate') {
      const valueAt = (endMs: number) => rateOf(byHour, asked, endMs - stepMs, Math.min(endMs, nowMs), nowMs, stepMs);
      return [answer(rateLabels(labels), samples(window, stepMs, valueAt))];
    }
    return metrics.metric.shares.map((share, i) => {
      const valueAt = (endMs: number) => {
        // The last moment of the step: its end belongs to the next.
        const hour = Math.floor((endMs - 1) / HOUR_MS);
        const ms = byHour.get(hour - (hour % everyHours))?.quantiles?.[i];
        return ms === undefined ? undefined : ms / 1000;
      };
      return answer([...labels, { key: 'p', value: { doubleValue: share } }], samples(window, stepMs, valueAt));
    });
  });
  return { series, metrics: { completedJobs: 1, totalJobs: 1 } };
}

/** `GET /api/metrics/query`: one value a series for the whole hours of the window. */
export async function queryInstant(store: TraceStore, query: QueryReader, nowMs: number): Promise<object> {
  const metrics = parseTraceqlMetrics(query('q')?.trim() ?? '');
  const window = readWindow(query, nowMs);
  const asked = toRequestMetrics(metrics);
  const rows = await store.statistics({ ...toStatistics(asked, window), by: groupsOf(asked), ...quantilesOf(metrics) });
  const fromMs = Math.floor(window.fromMs / HOUR_MS) * HOUR_MS;
  const seconds = (Math.min(nowMs, (Math.floor(window.toMs / HOUR_MS) + 1) * HOUR_MS) - fromMs) / 1000;
  const series = toSeries(rows, asked).flatMap(({ labels, rows: [row] }) => {
    if (!row) return [];
    if (metrics.metric.name === 'rate')
      return [instant(rateLabels(labels), seconds > 0 ? countOf(row, asked) / seconds : 0)];
    return metrics.metric.shares.map((share, i) =>
      instant([...labels, { key: 'p', value: { doubleValue: share } }], (row.quantiles?.[i] ?? 0) / 1000),
    );
  });
  return { series, metrics: { completedJobs: 1, totalJobs: 1 } };
}

function toStatistics(asked: RequestMetrics, window: Window): StatisticsQuery {
  const query: StatisticsQuery = { measure: asked.measure, ...window, limit: MAX_SERIES };
  if (asked.service !== undefined) query.service = asked.service;
  if (asked.route !== undefined) query.route = asked.route;
  return query;
}

function groupsOf({ by }: RequestMetrics): ('service' | 'route')[] {
  return by.map(({ group }) => group);
}

function quantilesOf({ metric }: MetricsQuery): { quantiles?: number[] } {
  return metric.name === 'rate' ? {} : { quantiles: metric.shares };
}

function toSeries(rows: readonly StatisticsRow[], { by }: RequestMetrics): Series[] {
  const series = new Map<string, Series>();
  for (const row of rows) {
    const values = by.map(({ group }) => row[group] ?? '');
    const key = JSON.stringify(values);
    const labels = by.map(({ label }, i) => ({ key: label, value: { stringValue: values[i] || 'nil' } }));
    const known = series.get(key);
    if (known) known.rows.push(row);
    else series.set(key, { labels, rows: [row] });
  }
  return [...series.values()];
}

function countOf(row: StatisticsRow, { failed }: RequestMetrics): number {
  if (failed === undefined) return row.count;
  return failed ? row.errors : row.count - row.errors;
}

/** Requests a second between two times, as the hours they lie in had them. The running hour is as long as it has run. */
function rateOf(
  byHour: ReadonlyMap<number, StatisticsRow>,
  asked: RequestMetrics,
  fromMs: number,
  toMs: number,
  nowMs: number,
  stepMs: number,
): number {
  let count = 0;
  for (let hour = Math.floor(fromMs / HOUR_MS); hour * HOUR_MS < toMs; hour += 1) {
    const row = byHour.get(hour);
    if (!row) continue;
    const startMs = hour * HOUR_MS;
    const lengthMs = Math.min(HOUR_MS, Math.max(MIN_STEP_MS, nowMs - startMs));
    const overlapMs = Math.min(toMs, startMs + lengthMs) - Math.max(fromMs, startMs);
    if (overlapMs > 0) count += (countOf(row, asked) * overlapMs) / lengthMs;
  }
  return count / (stepMs / 1000);
}

// Tempo names the function where nothing else tells series apart.
function rateLabels(labels: Label[]): Label[] {
  return labels.length > 0 ? labels : [{ key: '__name__', value: { stringValue: 'rate' } }];
}

function samples(
  { fromMs, toMs }: Window,
  stepMs: number,
  valueAt: (endMs: number) => number | undefined,
): { timestampMs: string; value: number }[] {
  const points: { timestampMs: string; value: number }[] = [];
  for (let endMs = Math.ceil(fromMs / stepMs) * stepMs; endMs <= toMs; endMs += stepMs) {
    const value = valueAt(endMs);
    if (value !== undefined) points.push({ timestampMs: String(endMs), value });
  }
  return points;
}

function answer(labels: Label[], points: { timestampMs: string; value: number }[]): object {
  return { labels, samples: points, promLabels: promLabels(labels), exemplars: [] };
}

function instant(labels: Label[], value: number): object {
  return { labels, value, promLabels: promLabels(labels) };
}

function promLabels(labels: readonly Label[]): string {
  const texts = labels.map(({ key, value }) => {
    const text = 'stringValue' in value ? value.stringValue : String(value.doubleValue);
    return `${key}=${JSON.stringify(text)}`;
  });
  return `{${texts.join(', ')}}`;
}

function readWindow(query: QueryReader, nowMs: number): Window {
  const { toMs = nowMs, fromMs = toMs - HOUR_MS } = timeRange(query);
  if (fromMs >= toMs) throw new InvalidQueryError('start must be before end.');
  return { fromMs, toMs };
}

/** `step` as a duration or in seconds. */
function readStep(query: QueryReader, { fromMs, toMs }: Window): number {
  const text = query('step');
  const spanMs = toMs - fromMs;
  if (!text) return Math.max(MIN_STEP_MS, Math.ceil(spanMs / DEFAULT_POINTS / 1000) * 1000);
  const stepMs = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) * 1000 : parseDurationMs(text);
  if (!(stepMs >= MIN_STEP_MS)) throw new InvalidQueryError('step must be a duration of at least a second, like 30s.');
  if (spanMs / stepMs > MAX_POINTS)
    throw new InvalidQueryError(`step is too short for this time range: at most ${MAX_POINTS} points are answered.`);
  return stepMs;
}
