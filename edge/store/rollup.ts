import { ATTR_HTTP_ROUTE, ATTR_URL_TEMPLATE } from '../../src/wire/names.ts';
import { SPAN_KIND, STATUS_CODE } from '../../src/wire/otlp.ts';
import type { SpanRecord } from '../otlp/records.ts';
import { nanoToMicros } from './encoding/time.ts';
import { LogHistogram, weightUnits } from './log-histogram.ts';
import { originOf } from './origin.ts';
import { spanWeight } from './span-weight.ts';
import { type SummaryState, traceStartUs } from './summary.ts';
import { textAttribute } from './text-attribute.ts';
import type { Measure } from './trace-store.ts';
import { VITAL_NAMES, VITAL_SCALE, type VitalName } from './web-vital.ts';

const HOUR_US = 3_600_000_000;

/** The order is part of the storage format: the place of a measure stands in the files. */
export const MEASURES: readonly Measure[] = ['requests', ...VITAL_NAMES, 'roots', 'served'];

/** What measurements are grouped by. */
export interface RollupKey {
  measure: Measure;
  /** Whole hours since 1970. */
  hour: number;
  service: string;
  route: string;
  /** `mobile`, `desktop`, or '' when no browser was involved. */
  device: string;
  /** These are known of web vitals alone, and not summed up by the hour. */
  browser?: string;
  country?: string;
  release?: string;
  target?: string;
}

/** One thing measured, or with negative units one taken back. */
export interface Measurement extends RollupKey {
  /** Microseconds of a request; a vital in parts of `VITAL_SCALE`. */
  value: number;
  units: number;
  error: boolean;
  /** Of a request: whether it began its trace, and whether a server answered it. */
  isRoot?: boolean;
  isServed?: boolean;
}

/** Whether a measurement counts for a measure: besides its own, a request may be a root, served, or both. */
export function countsFor({ measure: own, isRoot, isServed }: Measurement, measure: Measure): boolean {
  return own === measure || (measure === 'roots' && isRoot === true) || (measure === 'served' && isServed === true);
}

/** Count, errors, sum and histogram of the measurements of one key. */
export class Rollup {
  units = 0;
  errorUnits = 0;
  /** Of values times units. */
  sum = 0;
  readonly histogram = new LogHistogram();

  add({ value, units, error }: Pick<Measurement, 'value' | 'units' | 'error'>): void {
    this.units += units;
    if (error) this.errorUnits += units;
    this.sum += value * units;
    this.histogram.add(value, units);
  }
}

/** A rollup as it goes from thread to thread. */
export interface PackedRollup {
  key: RollupKey;
  units: number;
  errorUnits: number;
  sum: number;
  histogram: Uint8Array;
}

/** Rollups by key, for what is written or asked together. */
export class Rollups {
  readonly #rollups = new Map<string, { key: RollupKey; rollup: Rollup }>();

  add(measurement: Measurement): void {
    const { measure, hour, service, route, device } = measurement;
    this.of({ measure, hour, service, route, device }).add(measurement);
  }

  of(key: RollupKey): Rollup {
    let text = `${key.measure}\n${key.hour}\n${key.service}\n${key.route}\n${key.device}`;
    if (key.browser !== undefined) text += `\n${key.browser}\n${key.country}\n${key.release}\n${key.target}`;
    let entry = this.#rollups.get(text);
    if (!entry) {
      entry = { key, rollup: new Rollup() };
      this.#rollups.set(text, entry);
    }
    return entry.rollup;
  }

  pack(): PackedRollup[] {
    return [...this.#rollups.values()].map(({ key, rollup: { units, errorUnits, sum, histogram } }) => {
      return { key, units, errorUnits, sum, histogram: histogram.encode() };
    });
  }

  mergePacked(packed: readonly PackedRollup[]): void {
    for (const { key, units, errorUnits, sum, histogram } of packed) {
      const rollup = this.of(key);
      rollup.units += units;
      rollup.errorUnits += errorUnits;
      rollup.sum += sum;
      rollup.histogram.mergeEncoded(histogram);
    }
  }

  *all(): Generator<{ key: RollupKey; rollup: Rollup }> {
    yield* this.#rollups.values();
  }
}

/** What a span says of requests: it is one when it is a root, or serves a request or a message. */
export function requestOf(
  record: SpanRecord,
  startUs = nanoToMicros(record.span.startTimeUnixNano),
  endUs = nanoToMicros(record.span.endTimeUnixNano),
): Measurement | undefined {
  const { span, resource } = record;
  const serves = span.kind === SPAN_KIND.server || span.kind === SPAN_KIND.consumer;
  if (span.parentSpanId && !serves) return undefined;
  const units = weightUnits(spanWeight(span));
  if (units === 0) return undefined;
  const attributes = span.attributes ?? [];
  const { service, device } = originOf(resource);
  return {
    measure: 'requests',
    hour: Math.floor(startUs / HOUR_US),
    service,
    route: textAttribute(attributes, ATTR_URL_TEMPLATE) ?? textAttribute(attributes, ATTR_HTTP_ROUTE) ?? '',
    device,
    value: endUs - startUs,
    units,
    error: span.status?.code === STATUS_CODE.error,
    isRoot: !span.parentSpanId,
    isServed: span.kind === SPAN_KIND.server,
  };
}

/**
 * The web vitals of a trace, as what has to be added to the rollups.
 * @param sign -1 to take them back before better known ones are added
 * @param names of which of them; default all
 */
export function vitalsOf(state: SummaryState, sign: 1 | -1, names: readonly VitalName[] = VITAL_NAMES): Measurement[] {
  const measurements: Measurement[] = [];
  if (state.weight === 0) return measurements;
  for (const measure of names) {
    const value = state.vitals[measure];
    if (value === undefined) continue;
    const { service, route, device, browser, country, release } = state;
    const target = state.targets[measure] ?? '';
    const hour = Math.floor(traceStartUs(state) / HOUR_US);
    const units = sign * weightUnits(state.weight);
    const key = { measure, hour, service, route, device, browser, country, release, target };
    measurements.push({ ...key, value: value * VITAL_SCALE, units, error: false });
  }
  return measurements;
}
