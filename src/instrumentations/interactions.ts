import type { Attributes, Span } from '@opentelemetry/api';
import { elementAttributes, operatedElement, roleOf } from '../browser/element.ts';
import { listen } from '../browser/listen.ts';
import type { Activity } from '../context/activities.ts';
import type { Instrumentation } from '../core.ts';
import { ATTR_INTERACTION_TARGET_DATA, ATTR_INTERACTION_TYPE, ATTR_URL_TEMPLATE } from '../wire/names.ts';

/** A press and the click it becomes are one gesture. */
const MAX_GESTURE_MS = 1000;

/**
 * `{type} {role}`, the root of a trace, for each click, key, submit and change that leads to work: a request, a route
 * change, an error, a span of the application. One that leads to nothing is never made.
 */
export const interactions: Instrumentation = {
  name: 'interactions',
  start(core) {
    const { activities, clock, contexts, sessions } = core;
    let last: { activity: Activity; event: Event; becomeClick(): void } | undefined;

    return listen<Event>(window, 'pointerdown click keydown submit change', (event) => {
      // What a script dispatches belongs to whatever made it do so.
      if (!event.isTrusted) return;
      if (last && continues(last.event, event, last.activity, contexts.held() === last.activity.context)) {
        // People click; that the work began with the press is a detail.
        if (last.event.type === 'pointerdown' && event.type === 'click') last.becomeClick();
        contexts.hold(last.activity.context);
        return;
      }
      sessions.touch();
      let { type } = event;
      const element = operatedElement(event.target);
      const { route } = core.view;
      const activity = activities.begin({
        kind: 'interaction',
        startMs: clock.at(event.timeStamp),
        startSpan(parent, options) {
          const attributes: Attributes = { ...options.attributes, [ATTR_URL_TEMPLATE]: route };
          if (element) {
            Object.assign(attributes, elementAttributes(element));
            for (const name of core.settings.targetData)
              attributes[ATTR_INTERACTION_TARGET_DATA + name] = element.getAttribute(`data-${name}`) ?? undefined;
          }
          const span = core.startSpan(type, { ...options, attributes }, parent);
          describe(span, type, element);
          return span;
        },
      });
      const becomeClick = () => {
        type = 'click';
        describe(activity.span, type, element);
      };
      last = { activity, event, becomeClick };
      contexts.hold(activity.context);
    });
  },
};

function describe(span: Span | undefined, type: string, element: Element | undefined): void {
  span?.updateName(`${type} ${roleOf(element)}`);
  span?.setAttribute(ATTR_INTERACTION_TYPE, type);
}

/**
 * Whether `event` is a further part of what `before` began: a submit or change the browser dispatches inside a click or
 * key, the click of a key or label, or the click of a press that already led to work.
 */
function continues(before: Event, event: Event, activity: Activity, isSameTask: boolean): boolean {
  if (event.timeStamp === before.timeStamp) return true;
  const isDerived = event.type === 'submit' || event.type === 'change' || (event as UIEvent).detail === 0;
  if (isSameTask && isDerived && event.type !== 'keydown') return true;
  const isGesture = before.type === 'pointerdown' && event.type === 'click';
  return isGesture && activity.span !== undefined && event.timeStamp - before.timeStamp < MAX_GESTURE_MS;
}
