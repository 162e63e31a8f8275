import type { Attributes, Context } from '@opentelemetry/api';
import { guard, type Stop, stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import { observe } from '../browser/observe.ts';
import { resourceAttributes } from '../browser/resource-attributes.ts';
import { whenIdle } from '../browser/when-idle.ts';
import { describeAnswer, startRequest } from '../context/request-span.ts';
import type { Core, Instrumentation } from '../core.ts';
import type { GivenIds } from '../otel/provider.ts';
import { viewAttributes } from '../session/page-view.ts';
import type { SpanId } from '../wire/ids.ts';
import {
  ATTR_NAVIGATION_DOM_CONTENT_LOADED,
  ATTR_NAVIGATION_DOM_INTERACTIVE,
  ATTR_NAVIGATION_LOAD_END,
  ATTR_NAVIGATION_REDIRECT_COUNT,
} from '../wire/names.ts';
import { readServerTiming } from '../wire/server-timing.ts';
import { reportResources } from './page-resources.ts';

/**
 * `page load {route}`, the root of the page's first trace, and under it the document request and the resources that
 * matter. With a `Server-Timing` trace context the root joins the server's trace and the document request takes the id
 * the server already named as its parent, so that browser and server make one tree.
 *
 * A prerendered page begins when it is activated: nobody waited for what was before.
 */
export const pageLoad: Instrumentation = {
  name: 'page-load',
  start(core) {
    if (!document.prerendering) return startLoad(core);
    let stop: Stop | undefined;
    const stopWaiting = listen(document, 'prerenderingchange', () => {
      stopWaiting();
      stop ??= startLoad(core);
    });
    return () => stopAll([stopWaiting, () => stop?.()])();
  },
};

function startLoad(core: Core): Stop {
  const { activities, clock, view } = core;
  const timing = performance.getEntriesByType('navigation')[0];
  const joined: GivenIds | undefined = readServerTiming(timing?.serverTiming) ?? core.handover;
  const activity = activities.begin({
    kind: 'page load',
    startMs: clock.at(timing?.activationStart ?? 0),
    startSpan(parent, options) {
      const span = core.startSpan(`page load ${view.route}`, options, parent, { traceId: joined?.traceId });
      return span.setAttributes(viewAttributes(view, navigationType(timing)));
    },
    ending: (span) => timing && span.setAttributes(timingAttributes(timing)),
  });
  const loaded = activity.keepOpen();
  view.root = activity.root;

  let largest: string | undefined;
  const stopPaints = observe<LargestContentfulPaint>('largest-contentful-paint', ({ url }) => {
    largest = url;
  });
  let isReported = false;
  const report = guard(() => {
    if (isReported) return;
    isReported = true;
    if (timing) reportDocument(core, timing, activity.context, joined?.spanId);
    reportResources(core, activity.context, largest);
    stopPaints();
    loaded(clock.at(timing?.loadEventEnd || performance.now()));
  });
  // loadEventEnd is written after the event's listeners ran.
  const soon = () => setTimeout(() => whenIdle(report));
  if (document.readyState === 'complete') soon();
  return stopAll([report, core.onLeave(report), listen(window, 'load', soon)]);
}

function reportDocument(core: Core, timing: PerformanceNavigationTiming, parent: Context, spanId?: SpanId): void {
  const { clock } = core;
  const url = new URL(timing.name, location.href);
  const attributes = resourceAttributes(timing);
  const startTime = clock.at(timing.fetchStart);
  const span = startRequest(core, { method: 'GET', url, startTime, attributes, parent, ids: { spanId } });
  describeAnswer(span, timing.responseStatus ?? 0);
  // Still being read when the page is left early.
  span.end(clock.at(timing.responseEnd || performance.now()));
}

function navigationType(timing: PerformanceNavigationTiming | undefined): string {
  if (timing?.activationStart) return 'prerender';
  if (document.wasDiscarded) return 'restore';
  return (timing?.type ?? 'navigate').replace('_', '-');
}

function timingAttributes(timing: PerformanceNavigationTiming): Attributes {
  const activatedMs = timing.activationStart ?? 0;
  const attributes: Attributes = {};
  for (const [name, atMs] of [
    [ATTR_NAVIGATION_DOM_INTERACTIVE, timing.domInteractive],
    [ATTR_NAVIGATION_DOM_CONTENT_LOADED, timing.domContentLoadedEventEnd],
    [ATTR_NAVIGATION_LOAD_END, timing.loadEventEnd],
  ] as const)
    if (atMs > 0) attributes[name] = Math.round(Math.max(0, atMs - activatedMs));
  if (timing.redirectCount > 0) attributes[ATTR_NAVIGATION_REDIRECT_COUNT] = timing.redirectCount;
  return attributes;
}
