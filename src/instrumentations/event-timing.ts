import { type SpanContext, trace } from '@opentelemetry/api';
import { stopAll } from '../browser/guard.ts';
import { observe } from '../browser/observe.ts';
import type { Wait } from '../context/activities.ts';
import type { Instrumentation } from '../core.ts';
import {
  ATTR_CAUSALITY,
  ATTR_INTERACTION_INPUT_DELAY,
  ATTR_INTERACTION_PAINT,
  ATTR_INTERACTION_PRESENTATION_DELAY,
  ATTR_INTERACTION_PROCESSING,
} from '../wire/names.ts';

type OfInteraction = PerformanceEntry & { interactionId: number };

/** The shortest the browser reports. */
const MIN_DURATION_MS = 16;
/** Durations are coarsened to as much: events painted closer to each other were painted together. */
const SAME_FRAME_MS = 8;

/**
 * What the browser itself knows of interactions: delays of the event and the last paint that came of it on the interaction's
 * span, and, where it says that a soft navigation came from an interaction, that mark on the navigation's span; linked
 * where we had not found it.
 */
export const eventTiming: Instrumentation = {
  name: 'event-timing',
  start({ activities, clock, viewOf }) {
    // Entries of one interaction have its start in common, besides their interactionId; which of them comes first varies.
    const interactionOf = ({ interactionId, startTime }: OfInteraction) => {
      const atMs = clock.at(startTime);
      return interactionId ? activities.interactionIn(atMs, atMs) : undefined;
    };
    return stopAll([
      observe<PerformanceEventTiming & OfInteraction>(
        'event',
        (event) => {
          const interaction = interactionOf(event);
          if (!interaction) return;
          const waited = longer(interaction.waited, event);
          const { startTime, processingStart, processingEnd, duration } = waited;
          interaction.waited = waited;
          interaction.describe({
            [ATTR_INTERACTION_INPUT_DELAY]: Math.round(processingStart - startTime),
            [ATTR_INTERACTION_PROCESSING]: Math.round(processingEnd - processingStart),
            [ATTR_INTERACTION_PRESENTATION_DELAY]: Math.max(0, Math.round(startTime + duration - processingEnd)),
          });
        },
        { durationThreshold: MIN_DURATION_MS },
      ),
      observe<OfInteraction>('interaction-contentful-paint', (paint) =>
        interactionOf(paint)?.describe({ [ATTR_INTERACTION_PAINT]: Math.round(paint.duration) }),
      ),
      observe<OfInteraction>('soft-navigation', (navigation) => {
        const root = viewOf(navigation.name).root?.();
        const interaction = interactionOf(navigation);
        if (!root || !interaction) return;
        // Asked of its context, so that one we thought had led to nothing gets its span.
        const cause = trace.getSpanContext(interaction.context) as SpanContext;
        const isJoined = root.spanContext().traceId === cause.traceId;
        if (!isJoined) root.addLink({ context: cause });
        root.setAttribute(ATTR_CAUSALITY, 'proven');
      }),
    ]);
  },
};

/** An interaction takes as long as its longest event; events painted together, as press and click often are, are one wait. */
function longer(known: Wait | undefined, event: Wait): Wait {
  const paintMs = event.startTime + event.duration;
  if (!known) return event;
  if (Math.abs(known.startTime + known.duration - paintMs) > SAME_FRAME_MS)
    return known.duration > event.duration ? known : event;
  const startTime = Math.min(known.startTime, event.startTime);
  return {
    startTime,
    processingStart: Math.min(known.processingStart, event.processingStart),
    processingEnd: Math.max(known.processingEnd, event.processingEnd),
    duration: paintMs - startTime,
  };
}
