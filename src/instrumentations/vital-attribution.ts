import type { Attributes } from '@opentelemetry/api';
import type { CLSMetric, INPMetric, LCPMetric, MetricType } from 'web-vitals';
import { selectorOf } from '../browser/element.ts';
import type { Wait } from '../context/activities.ts';
import { redactUrl } from '../wire/url.ts';

/**
 * Why a vital is what it is: the element, and the milliseconds of each part, named as the attribution build of web-vitals
 * names them. Ours, for that build carries long frames as well, and those are spans here.
 * @param waited what is known of the whole interaction, where `metric` is of one
 */
export function attributionOf(metric: MetricType, waited?: Wait): Attributes {
  const timing = performance.getEntriesByType('navigation')[0];
  // Nothing of a soft navigation or a restored page waited for the document.
  const isFirst = metric.navigationType !== 'soft-navigation' && metric.navigationType !== 'back-forward-cache';
  const fromMs = metric.navigationStartTime ?? timing?.activationStart ?? 0;
  const firstByteMs = isFirst && timing ? Math.max(0, timing.responseStart - fromMs) : 0;
  switch (metric.name) {
    case 'TTFB':
      return isFirst && timing ? firstByteParts(timing, fromMs) : {};
    case 'FCP':
      return { timeToFirstByte: firstByteMs, firstByteToFCP: metric.value - firstByteMs };
    case 'LCP':
      return paintParts(metric, fromMs, firstByteMs);
    case 'CLS':
      return shiftParts(metric);
    case 'INP':
      return eventParts(metric, waited);
  }
}

function firstByteParts(timing: PerformanceNavigationTiming, fromMs: number): Attributes {
  const after = (ms: number) => Math.max(0, ms - fromMs);
  const waited = after(timing.workerStart || timing.fetchStart);
  const [lookup, connect, connected] = [timing.domainLookupStart, timing.connectStart, timing.connectEnd].map(
    after,
  ) as [number, number, number];
  return {
    waitingDuration: waited,
    cacheDuration: Math.max(0, lookup - waited),
    dnsDuration: connect - lookup,
    connectionDuration: connected - connect,
    requestDuration: after(timing.responseStart) - connected,
  };
}

function paintParts({ value, entries }: LCPMetric, fromMs: number, firstByteMs: number): Attributes {
  const { element, url } = entries[entries.length - 1] ?? {};
  const resource = url ? (performance.getEntriesByName(url, 'resource')[0] as PerformanceResourceTiming) : undefined;
  const asked = resource ? Math.max(firstByteMs, (resource.requestStart || resource.startTime) - fromMs) : firstByteMs;
  const loaded = Math.min(value, Math.max(asked, (resource?.responseEnd ?? 0) - fromMs));
  return {
    target: selectorOf(element),
    url: url && redactUrl(url),
    timeToFirstByte: firstByteMs,
    resourceLoadDelay: asked - firstByteMs,
    resourceLoadDuration: loaded - asked,
    elementRenderDelay: value - loaded,
  };
}

function shiftParts({ entries }: CLSMetric): Attributes {
  const [largest] = [...entries].sort((a, b) => b.value - a.value);
  const node = largest?.sources.find((source) => source.node)?.node;
  return {
    largestShiftTarget: selectorOf(node instanceof Element ? node : node?.parentElement),
    largestShiftTime: largest?.startTime,
    largestShiftValue: largest?.value,
  };
}

function eventParts({ value, entries: [event] }: INPMetric, waited: Wait | undefined): Attributes {
  if (!event) return {};
  const { name, target } = event;
  const { startTime, processingStart, processingEnd } = waited ?? event;
  return {
    interactionTarget: target instanceof Element ? selectorOf(target) : event.targetSelector,
    interactionType: name.startsWith('key') ? 'keyboard' : 'pointer',
    interactionTime: startTime,
    inputDelay: processingStart - startTime,
    processingDuration: processingEnd - processingStart,
    presentationDelay: Math.max(0, startTime + value - processingEnd),
  };
}
