import { ATTR_WEB_VITAL_NAME, ATTR_WEB_VITAL_VALUE, EVENT_WEB_VITAL } from '../../../src/wire/names.ts';
import type { EventView, TraceView } from '../../trace/trace-view.ts';
import { textOf } from './attribute-text.ts';
import { formatDuration } from './format.ts';

export type VitalName = 'lcp' | 'inp' | 'cls' | 'fcp' | 'ttfb';
export type Rating = 'good' | 'needs improvement' | 'poor';

/**
 * Up to the first is good, above the second poor; ms, CLS unitless.
 * @see https://web.dev/articles/vitals
 */
const THRESHOLDS: Record<VitalName, readonly [number, number]> = {
  lcp: [2500, 4000],
  inp: [200, 500],
  cls: [0.1, 0.25],
  fcp: [1800, 3000],
  ttfb: [800, 1800],
};

export const VITAL_NAMES = Object.keys(THRESHOLDS) as VitalName[];

export const VITAL_TITLES: Record<VitalName, string> = {
  lcp: 'Largest Contentful Paint',
  inp: 'Interaction to Next Paint',
  cls: 'Cumulative Layout Shift',
  fcp: 'First Contentful Paint',
  ttfb: 'Time to First Byte',
};

/** These count from the start of the page load, so their value is their place on its time axis. */
export const SINCE_NAVIGATION: ReadonlySet<VitalName> = new Set(['ttfb', 'fcp', 'lcp']);

export interface Vital {
  name: VitalName;
  value: number;
  rating: Rating;
  event: EventView;
}

export function rateVital(name: VitalName, value: number): Rating {
  const [good, poor] = THRESHOLDS[name];
  return value <= good ? 'good' : value <= poor ? 'needs improvement' : 'poor';
}

/** `2.41 s`, `184 ms`; CLS as `0.042`. */
export function formatVital(name: VitalName, value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (name !== 'cls') return formatDuration(Math.max(0, value));
  return value === 0 ? '0' : value.toFixed(value < 0.0995 ? 3 : 2).replace(/0+$/, '');
}

function isVitalName(name: string): name is VitalName {
  return Object.hasOwn(THRESHOLDS, name);
}

/** A web-vital event as a vital; `undefined` for other events, unknown vitals and values that are no number. */
export function readVital(event: EventView): Vital | undefined {
  if (event.name !== EVENT_WEB_VITAL) return undefined;
  const name = textOf(event.attributes[ATTR_WEB_VITAL_NAME]).toLowerCase();
  const value = Number(textOf(event.attributes[ATTR_WEB_VITAL_VALUE]) || Number.NaN);
  if (!isVitalName(name) || !Number.isFinite(value) || value < 0) return undefined;
  return { name, value, rating: rateVital(name, value), event };
}

/** The trace's vitals, the last report of each: a vital is reported again while it grows. */
export function readVitals(view: TraceView): Vital[] {
  const latest = new Map<VitalName, Vital>();
  for (const event of view.events) {
    const vital = readVital(event);
    if (vital) latest.set(vital.name, vital);
  }
  return VITAL_NAMES.flatMap((name) => latest.get(name) ?? []);
}
