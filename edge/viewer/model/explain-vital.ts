import { ATTR_WEB_VITAL_ATTRIBUTION } from '../../../src/wire/names.ts';
import { textOf } from './attribute-text.ts';
import type { Vital, VitalName } from './web-vitals.ts';

export interface VitalPart {
  title: string;
  ms: number;
}

export interface VitalExplanation {
  /** What the value is made of, in order; empty when the page did not say. */
  parts: VitalPart[];
  /** The element it happened to, as a selector; '' when unknown. */
  target: string;
  /** What had to be loaded for it; '' when nothing or unknown. */
  url: string;
}

/** Fields of web-vitals' attribution build that add up to the value, in the order they happen. */
const PARTS: Partial<Record<VitalName, ReadonlyArray<readonly [field: string, title: string]>>> = {
  lcp: [
    ['timeToFirstByte', 'Time to first byte'],
    ['resourceLoadDelay', 'Before loading it'],
    ['resourceLoadDuration', 'Loading it'],
    ['elementRenderDelay', 'Before drawing it'],
  ],
  inp: [
    ['inputDelay', 'Before the handlers ran'],
    ['processingDuration', 'Handlers'],
    ['presentationDelay', 'Before the next frame'],
  ],
  fcp: [
    ['timeToFirstByte', 'Time to first byte'],
    ['firstByteToFCP', 'From there to the first content'],
  ],
  ttfb: [
    ['waitingDuration', 'Redirects and waiting'],
    ['cacheDuration', 'Service worker and cache'],
    ['dnsDuration', 'DNS lookup'],
    ['connectionDuration', 'Connecting'],
    ['requestDuration', 'Request to first byte'],
  ],
};

const TARGETS = ['target', 'interactionTarget', 'largestShiftTarget'];

/** What a vital is made of, as far as the page said. */
export function explainVital({ name, event }: Vital): VitalExplanation {
  const field = (key: string) => event.attributes[`${ATTR_WEB_VITAL_ATTRIBUTION}.${key}`];
  const parts = (PARTS[name] ?? []).flatMap(([key, title]) => {
    const ms = field(key);
    return typeof ms === 'number' && ms > 0 ? [{ title, ms }] : [];
  });
  return { parts, target: TARGETS.map((key) => textOf(field(key))).find(Boolean) ?? '', url: textOf(field('url')) };
}
