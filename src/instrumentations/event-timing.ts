import { type SpanContext, trace } from '@opentelemetry/api';
import { stopAll } from '../browser/guard.ts';
import { observe } from '../browser/observe.ts';
import type { Activity } from '../context/activities.ts';
import type { Instrumentation } from '../core.ts';
import {
  ATTR_CAUSALITY,
  ATTR_INTERACTION_INPUT_DELAY,
  ATTR_INTERACTION_PAINT,
  ATTR_INTERACTION_PRESENTATION_DELAY,
  ATTR_INTERACTION_PROCESSING,
} from '../wire/names.ts';

type EventTiming = PerformanceEventTiming & { interactionId?: number };
type OfInteraction = PerformanceEntry & { interactionId: number };

/** The shortest the browser reports. */
const MIN_DURATION_MS = 16;
const MAX_REMEMBERED = 20;

/**
 * What the browser itself knows of interactions: delays of the event and the last paint that came of it on the interaction's
 * span, and, where it says that a soft navigation came from an interaction, that mark on the navigation's span; linked
 * where we had not found it.
 */
export const eventTiming: Instrumentation = {
  name: 'event-timing',
  start({ activities, clock, viewOf }) {
    const byId = new Map<number, Activity>();
    return stopAll([
      observe<EventTiming>(
        'event',
        ({ interactionId, startTime, processingStart, processingEnd, duration }) => {
          const activity = interactionId
            ? activities.interactionIn(clock.at(startTime), clock.at(startTime))
            : undefined;
          if (!activity || !interactionId) return;
          byId.set(interactionId, activity);
          if (byId.size > MAX_REMEMBERED) byId.delete(byId.keys().next().value as number);
          activity.describe({
            [ATTR_INTERACTION_INPUT_DELAY]: Math.round(processingStart - startTime),
            [ATTR_INTERACTION_PROCESSING]: Math.round(processingEnd - processingStart),
            [ATTR_INTERACTION_PRESENTATION_DELAY]: Math.max(0, Math.round(startTime + duration - processingEnd)),
          });
        },
        { durationThreshold: MIN_DURATION_MS },
      ),
      observe<OfInteraction>('interaction-contentful-paint', ({ interactionId, duration }) =>
        byId.get(interactionId)?.describe({ [ATTR_INTERACTION_PAINT]: Math.round(duration) }),
      ),
      observe<OfInteraction>('soft-navigation', ({ interactionId, name }) => {
        const { root } = viewOf(name);
        const activity = byId.get(interactionId);
        if (!root || !activity) return;
        // Asked of its context, so that one we thought had led to nothing gets its span.
        const cause = trace.getSpanContext(activity.context) as SpanContext;
        const isJoined = root.spanContext().traceId === cause.traceId;
        if (!isJoined) root.addLink({ context: cause });
        root.setAttribute(ATTR_CAUSALITY, 'proven');
      }),
    ]);
  },
};
