import type { Attributes } from '@opentelemetry/api';
import type { CLSMetric, INPMetric, LCPMetric, MetricType } from 'web-vitals';
import { selectorOf } from '../browser/element.ts';
import { redactUrl } from '../wire/url.ts';

type Parts = Record<string, string | number | undefined>;

/**
 * Why a vital is what it is: the element, and the milliseconds of each part, named as the attribution build of web-vitals
 * names them. Ours, for that build carries long frames as well, and those are spans here.
 */
export function attributionOf(metric: MetricType): Attributes {
  const timing = performance.getEntriesByType('navigation')[0];
  // Nothing of a soft navigation or a restored page waited for the document.
  const isFirst = metric.navigationType !== 'soft-navigation' && metric.navigationType !== 'back-forward-cache';
  const fromMs = metric.navigationStartTime ?? timing?.activationStart ?? 0;
  const firstByteMs = isFirst && timing ? Math.max(0, timing.responseStart - fromMs) : 0;
  const parts: Parts = {};
  switch (metric.name) {
    case 'TTFB':
      if (isFirst && timing) describeFirstByte(parts, timing, fromMs);
      break;
    case 'FCP':
      parts.timeToFirstByte = firstByteMs;
      parts.firstByteToFCP = metric.value - firstByteMs;
      break;
    case 'LCP':
      describePaint(parts, metric, fromMs, firstByteMs);
      break;
    case 'CLS':
      describeShift(parts, metric);
      break;
    case 'INP':
      describeEvent(parts, metric);
  }
  return parts;
}

function describeFirstByte(parts: Parts, timing: PerformanceNavigationTiming, fromMs: number): void {
  const after = (ms: number) => Math.max(0, ms - fromMs);
  const waited = after(timing.workerStart || timing.fetchStart);
  const [lookup, connect, connected] = [timing.domainLookupStart, timing.connectStart, timing.connectEnd].map(
    after,
  ) as [number, number, number];
  parts.waitingDuration = waited;
  parts.cacheDuration = Math.max(0, lookup - waited);
  parts.dnsDuration = connect - lookup;
  parts.connectionDuration = connected - connect;
  parts.requestDuration = after(timing.responseStart) - connected;
}

function describePaint(parts: Parts, { value, entries }: LCPMetric, fromMs: number, firstByteMs: number): void {
  const { element, url } = entries[entries.length - 1] ?? {};
  parts.target = element ? selectorOf(element) : undefined;
  parts.url = url && redactUrl(url);
  const resource = url ? (performance.getEntriesByName(url, 'resource')[0] as PerformanceResourceTiming) : undefined;
  const asked = resource ? Math.max(firstByteMs, (resource.requestStart || resource.startTime) - fromMs) : firstByteMs;
  const loaded = Math.min(value, Math.max(asked, (resource?.responseEnd ?? 0) - fromMs));
  parts.timeToFirstByte = firstByteMs;
  parts.resourceLoadDelay = asked - firstByteMs;
  parts.resourceLoadDuration = loaded - asked;
  parts.elementRenderDelay = value - loaded;
}

function describeShift(parts: Parts, { entries }: CLSMetric): void {
  const [largest] = [...entries].sort((a, b) => b.value - a.value);
  const node = largest?.sources.find((source) => source.node)?.node;
  const element = node instanceof Element ? node : node?.parentElement;
  parts.largestShiftTarget = element ? selectorOf(element) : undefined;
  parts.largestShiftTime = largest?.startTime;
  parts.largestShiftValue = largest?.value;
}

function describeEvent(parts: Parts, { value, entries }: INPMetric): void {
  const [event] = entries;
  if (!event) return;
  const { name, startTime, processingStart, processingEnd, target } = event;
  parts.interactionTarget = target instanceof Element ? selectorOf(target) : event.targetSelector;
  parts.interactionType = name.startsWith('key') ? 'keyboard' : 'pointer';
  parts.interactionTime = startTime;
  parts.inputDelay = processingStart - startTime;
  parts.processingDuration = processingEnd - processingStart;
  parts.presentationDelay = Math.max(0, startTime + value - processingEnd);
}
