import { type Context, SpanKind } from '@opentelemetry/api';
import { resourceAttributes } from '../browser/resource-attributes.ts';
import { describeAnswer } from '../context/request-span.ts';
import type { Core } from '../core.ts';
import {
  ATTR_RESOURCE_INITIATOR_TYPE,
  ATTR_RESOURCE_LCP,
  ATTR_RESOURCE_RENDER_BLOCKING,
  ATTR_RESOURCES,
  ATTR_URL_FULL,
} from '../wire/names.ts';
import { redactUrl } from '../wire/url.ts';

/** Besides what blocks rendering, what failed and the largest paint, so many of the slowest get a span of their own. */
const SLOWEST = 5;
const MAX_RESOURCE_SPANS = 20;

type Timing = PerformanceResourceTiming & { renderBlockingStatus?: string };

/**
 * Spans `resource {type}` for the resources of a page load that matter: render-blocking, failed, the slowest, and that of the
 * largest contentful paint, whose URL is `largest`. The rest are counts and bytes by type on the root. Requests of scripts
 * have spans already.
 */
export function reportResources(core: Core, parent: Context, largest: string | undefined): void {
  const resources = (performance.getEntriesByType('resource') as Timing[]).filter(
    ({ initiatorType, name }) => !/^(fetch|xmlhttprequest|beacon)$/.test(initiatorType) && /^https?:/.test(name),
  );
  const slowest = [...resources].sort((a, b) => b.duration - a.duration).slice(0, SLOWEST);
  resources
    .filter(
      (timing) =>
        timing.renderBlockingStatus === 'blocking' ||
        isFailed(timing) ||
        timing.name === largest ||
        slowest.includes(timing),
    )
    .slice(0, MAX_RESOURCE_SPANS)
    .forEach((timing) => {
      reportResource(core, timing, parent, timing.name === largest);
    });
  if (resources.length > 0) core.activities.of(parent)?.span?.setAttribute(ATTR_RESOURCES, summaryOf(resources));
}

function reportResource({ clock, startSpan }: Core, timing: Timing, parent: Context, isLargest: boolean): void {
  const { initiatorType, renderBlockingStatus } = timing;
  const options = { kind: SpanKind.CLIENT, startTime: clock.at(timing.startTime) };
  const span = startSpan(`resource ${initiatorType}`, options, parent);
  span.setAttributes({
    [ATTR_URL_FULL]: redactUrl(timing.name),
    [ATTR_RESOURCE_INITIATOR_TYPE]: initiatorType,
    ...(renderBlockingStatus === 'blocking' && { [ATTR_RESOURCE_RENDER_BLOCKING]: renderBlockingStatus }),
    ...(isLargest && { [ATTR_RESOURCE_LCP]: true }),
    ...resourceAttributes(timing),
  });
  describeAnswer(span, timing.responseStatus ?? 0);
  span.end(clock.at(timing.responseEnd));
}

function isFailed({ responseStatus }: Timing): boolean {
  return (responseStatus ?? 0) >= 400;
}

function summaryOf(resources: readonly Timing[]): string {
  const types = new Map<string, [count: number, bytes: number]>();
  for (const { initiatorType, transferSize } of resources) {
    const [count, bytes] = types.get(initiatorType) ?? [0, 0];
    types.set(initiatorType, [count + 1, bytes + transferSize]);
  }
  return [...types].map(([type, [count, bytes]]) => `${type}:${count}/${bytes}`).join(' ');
}
