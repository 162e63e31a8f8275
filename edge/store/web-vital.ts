import { ATTR_WEB_VITAL_NAME, ATTR_WEB_VITAL_TARGET, ATTR_WEB_VITAL_VALUE } from '../../src/wire/names.ts';
import type { OtlpAnyValue, OtlpKeyValue } from '../../src/wire/otlp.ts';
import { textAttribute } from './text-attribute.ts';

/** The order is part of the storage format. */
export const VITAL_NAMES = ['lcp', 'inp', 'cls', 'fcp', 'ttfb'] as const;
export type VitalName = (typeof VITAL_NAMES)[number];

/** The web vitals of a page view, and the selectors of the elements they are about. */
export interface Vitals {
  vitals: Partial<Record<VitalName, number>>;
  targets: Partial<Record<VitalName, string>>;
}

/** Vitals are kept as integers of this many parts: a tenth of a microsecond, and four decimals of CLS. */
export const VITAL_SCALE = 10_000;
const MAX_TARGET_CHARS = 128;

/** Takes what a web vital's log record says into the vitals of its trace. */
export function addVital(into: Vitals, attributes: readonly OtlpKeyValue[]): void {
  const name = textAttribute(attributes, ATTR_WEB_VITAL_NAME)?.toLowerCase();
  const value = numberValue(attributes.find(({ key }) => key === ATTR_WEB_VITAL_VALUE)?.value);
  const vital = VITAL_NAMES.find((known) => known === name);
  if (!vital || value === undefined) return;
  const target = textAttribute(attributes, ATTR_WEB_VITAL_TARGET)?.slice(0, MAX_TARGET_CHARS) ?? '';
  setVital(into, vital, Math.round(value * VITAL_SCALE) / VITAL_SCALE, target);
}

export function mergeVitals(into: Vitals, other: Vitals): void {
  for (const vital of VITAL_NAMES) {
    const value = other.vitals[vital];
    if (value !== undefined) setVital(into, vital, value, other.targets[vital] ?? '');
  }
}

// A vital is reported again as it grows while the page lives: the largest value is the last one. Of equal values the
// target is settled by its text, so that order never counts.
function setVital(into: Vitals, vital: VitalName, value: number, target: string): void {
  const before = into.vitals[vital];
  if (before !== undefined && value < before) return;
  if (value === before && target <= (into.targets[vital] ?? '')) return;
  into.vitals[vital] = value;
  if (target === '') delete into.targets[vital];
  else into.targets[vital] = target;
}

function numberValue(value: OtlpAnyValue | undefined): number | undefined {
  const number = Number(value?.doubleValue ?? value?.intValue ?? Number.NaN);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}
