import { ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_TYPE, ATTR_WEB_VITAL_ATTRIBUTION } from '../../../src/wire/names.ts';
import type { EventView } from '../../trace/trace-view.ts';
import { textOf } from './attribute-text.ts';
import { isException, type TraceModel } from './trace-model.ts';
import { formatVital, type Rating, readVitals, SINCE_NAVIGATION, type VitalName } from './web-vitals.ts';

/** A flag on the time axis. */
export interface Marker {
  kind: 'vital' | 'exception';
  /** ms from the trace's start. */
  atMs: number;
  /** `LCP`, or the exception's type. */
  label: string;
  value: string;
  rating?: Rating;
  /** Slot of the span it belongs to; -1 when that is not here. */
  slot: number;
  event: EventView;
}

/** Where attribution says when it happened, ms since the page's time origin. */
const MOMENT: Partial<Record<VitalName, readonly string[]>> = {
  inp: ['interactionTime', 'interaction_time'],
  cls: ['largestShiftTime', 'largest_shift_time'],
};

/** Web vitals and exceptions with a place on the axis, by time. */
export function readMarkers(model: TraceModel): Marker[] {
  const { view } = model;
  const markers: Marker[] = [];
  for (const { name, value, rating, event } of readVitals(view)) {
    const slot = model.slotOf.get(event.spanId) ?? -1;
    const originMs = slot === -1 ? 0 : (model.startMs[slot] as number);
    // INP and CLS are reported when the page is hidden: without the moment itself they have no place on the axis.
    const atMs = SINCE_NAVIGATION.has(name) ? originMs + value : momentOf(name, event, originMs);
    if (atMs === undefined || atMs > model.durationMs) continue;
    markers.push({
      kind: 'vital',
      atMs,
      label: name.toUpperCase(),
      value: formatVital(name, value),
      rating,
      slot,
      event,
    });
  }
  for (const [slot, events] of model.eventsOf) {
    for (const event of events) {
      if (!isException(event)) continue;
      markers.push({
        kind: 'exception',
        atMs: event.timeMs - model.originMs,
        label: textOf(event.attributes[ATTR_EXCEPTION_TYPE]) || 'Exception',
        value: textOf(event.attributes[ATTR_EXCEPTION_MESSAGE]),
        slot,
        event,
      });
    }
  }
  return markers.sort((a, b) => a.atMs - b.atMs);
}

function momentOf(name: VitalName, event: EventView, originMs: number): number | undefined {
  for (const field of MOMENT[name] ?? []) {
    const value = event.attributes[`${ATTR_WEB_VITAL_ATTRIBUTION}.${field}`];
    if (typeof value === 'number' && value >= 0) return originMs + value;
  }
  return undefined;
}
