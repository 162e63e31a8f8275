import type { Attributes } from '@opentelemetry/api';
import type { MetricType } from 'web-vitals';
import { onCLS } from 'web-vitals/onCLS.js';
import { onFCP } from 'web-vitals/onFCP.js';
import { onINP } from 'web-vitals/onINP.js';
import { onLCP } from 'web-vitals/onLCP.js';
import { onTTFB } from 'web-vitals/onTTFB.js';
import { guard } from '../browser/guard.ts';
import { whenIdle } from '../browser/when-idle.ts';
import type { Instrumentation } from '../core.ts';
import {
  ATTR_PAGE_VIEW_ID,
  ATTR_URL_FULL,
  ATTR_URL_TEMPLATE,
  ATTR_WEB_VITAL_ATTRIBUTION,
  ATTR_WEB_VITAL_DELTA,
  ATTR_WEB_VITAL_ID,
  ATTR_WEB_VITAL_INTERACTION,
  ATTR_WEB_VITAL_NAME,
  ATTR_WEB_VITAL_NAVIGATION_TYPE,
  ATTR_WEB_VITAL_RATING,
  ATTR_WEB_VITAL_VALUE,
  EVENT_WEB_VITAL,
} from '../wire/names.ts';
import { attributionOf } from './vital-attribution.ts';

/**
 * `browser.web_vital` events for LCP, INP, CLS, FCP and TTFB, each in the trace of the page view it measures: the
 * document's own, and, where the browser tells them apart, one of each for soft navigations.
 */
export const webVitals: Instrumentation = {
  name: 'web-vitals',
  start(core) {
    const first = core.view;
    let isActive = true;
    const { activities, clock } = core;
    const interactionOf = ({ name, entries: [event] }: MetricType) => {
      const atMs = name === 'INP' && event ? clock.at(event.startTime) : 0;
      return activities.interactionIn(atMs, atMs);
    };
    const report = guard((metric: MetricType) => {
      if (!isActive) return;
      const { navigationType } = metric;
      const isFirst = navigationType !== 'soft-navigation' && navigationType !== 'back-forward-cache';
      const view = isFirst ? first : core.viewOf(metric.navigationURL);
      const interaction = interactionOf(metric);
      core.emit({
        name: EVENT_WEB_VITAL,
        span: view.root?.().spanContext(),
        attributes: {
          [ATTR_WEB_VITAL_NAME]: metric.name.toLowerCase(),
          [ATTR_WEB_VITAL_VALUE]: round(metric.value),
          [ATTR_WEB_VITAL_DELTA]: round(metric.delta),
          [ATTR_WEB_VITAL_ID]: metric.id,
          [ATTR_WEB_VITAL_RATING]: metric.rating,
          [ATTR_WEB_VITAL_NAVIGATION_TYPE]: navigationType,
          [ATTR_PAGE_VIEW_ID]: view.id,
          [ATTR_URL_FULL]: view.url,
          [ATTR_URL_TEMPLATE]: view.route,
          [ATTR_WEB_VITAL_INTERACTION]: interaction?.span?.spanContext().traceId,
          ...prefixed(attributionOf(metric, interaction?.waited)),
        },
      });
    });
    const onSoft = (metric: MetricType) => {
      if (metric.navigationType === 'soft-navigation') report(metric);
    };
    // What may change until the page is left, by id.
    const unsettled = new Map<string, MetricType>();
    // web-vitals tells it when the page is hidden, after the last batch of one that is left, and handles events when it is idle.
    const settle = (metric: MetricType) => {
      if (document.visibilityState === 'hidden') return report(metric);
      // What it grew by since it was last told.
      const delta = metric.delta + (unsettled.get(metric.id)?.delta ?? 0);
      unsettled.set(metric.id, { ...metric, delta });
    };
    // The browser keeps for it what was before.
    const stopWaiting = whenIdle(() => {
      // web-vitals has no way to stop; what it measures later is not reported.
      for (const on of [onFCP, onLCP, onTTFB]) on(report);
      for (const on of [onCLS, onINP]) on(settle, { reportAllChanges: true });
      for (const on of [onCLS, onFCP, onINP, onLCP, onTTFB]) on(onSoft, { reportSoftNavs: true });
    });
    const stopSettling = core.onLeave(() => {
      unsettled.forEach(report);
      unsettled.clear();
    });
    return () => {
      stopWaiting();
      stopSettling();
      isActive = false;
    };
  },
};

function prefixed(parts: Attributes): Attributes {
  const attributes: Attributes = {};
  for (const part in parts) {
    const value = parts[part];
    attributes[`${ATTR_WEB_VITAL_ATTRIBUTION}.${part}`] = typeof value === 'number' ? round(value) : value;
  }
  return attributes;
}

// CLS is a ratio of about 0.1, the others are milliseconds: four decimals serve both.
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
