import type { Attributes } from '@opentelemetry/api';
import { elementAttributes, operatedElement, roleOf } from '../browser/element.ts';
import { listen } from '../browser/listen.ts';
import type { Activity } from '../context/activities.ts';
import type { Core, Instrumentation } from '../core.ts';
import type { GivenIds } from '../otel/provider.ts';
import { ATTR_INTERACTION_TARGET_DATA, ATTR_INTERACTION_TYPE, ATTR_URL_TEMPLATE } from '../wire/names.ts';

/** A press that led to work, and a release later than this, are two interactions. */
const MAX_GESTURE_MS = 1000;
/** An event and the one after it that are one gesture. */
const GESTURES = /^(pointer\w+ (pointerup|click)|(keydown|input) (input|keyup))$/;

/** One thing a visitor did: a press, its release and click, or a key and what it typed and submitted. */
interface Gesture {
  activity: Activity;
  /** What the visitor would say they did. */
  type: string;
  element: Element | undefined;
  key: string | undefined;
  /** The latest event of it. */
  event: Event;
}

/**
 * `{type} {role}`, the root of a trace, for each click, key, submit, change and drop that leads to work: a request, a route
 * change, an error, a span of the application. One that leads to nothing is never made.
 */
export const interactions: Instrumentation = {
  name: 'interactions',
  start(core) {
    const { clock, contexts } = core;
    let last: Gesture | undefined;

    return listen<Event>(window, 'pointerdown pointerup click keydown keyup input submit change drop', (event) => {
      // What a script dispatches belongs to whatever made it do so.
      if (!event.isTrusted) return;
      const { type, timeStamp } = event;
      if (last && continues(last, event, contexts.held() === last.activity.context)) {
        const { activity } = last;
        // A release that leads to work is what counts; and people click: that the work began with the press is a detail.
        const counts = type === 'click' ? /^p/.test(last.type) : /up$/.test(type) && !activity.span;
        activity.heard(clock.at(timeStamp), counts);
        if (counts) name(last, event);
        last.event = event;
      } else last = beginGesture(core, event);
      contexts.hold(last.activity.context);
    });
  },
};

/** A gesture that begins with `event`. @param ids those its root span was already told under */
export function beginGesture(core: Core, event: Event, ids?: GivenIds): Gesture {
  core.sessions.touch();
  const { view } = core;
  const activity = core.activities.begin({
    kind: 'interaction',
    startMs: core.clock.at(event.timeStamp),
    startSpan(parent, options) {
      const { element } = gesture;
      const attributes: Attributes = {
        ...options.attributes,
        [ATTR_URL_TEMPLATE]: view.route,
        ...(element && elementAttributes(element)),
      };
      for (const name of core.settings.targetData)
        attributes[ATTR_INTERACTION_TARGET_DATA + name] = element?.getAttribute(`data-${name}`) ?? undefined;
      return core.startSpan(nameOf(gesture), { ...options, attributes }, parent, ids);
    },
  });
  const gesture = { activity, event, key: (event as KeyboardEvent).code } as Gesture;
  name(gesture, event);
  return gesture;
}

function name(gesture: Gesture, { type, target }: Event): void {
  gesture.type = type;
  gesture.element = operatedElement(target);
  gesture.activity.describe({ [ATTR_INTERACTION_TYPE]: type });
  gesture.activity.span?.updateName(nameOf(gesture));
}

function nameOf({ type, element }: Gesture): string {
  return `${type} ${roleOf(element)}`;
}

/**
 * Whether `event` is a further part of a gesture: a submit, input or change the browser dispatches inside a click or key, the
 * click of a key or label, the release of a press.
 */
function continues({ activity, event: before, key }: Gesture, event: Event, isSameTask: boolean): boolean {
  const { type, timeStamp } = event;
  if (/down$/.test(type)) return false;
  if (timeStamp === before.timeStamp) return true;
  if (isSameTask && (type !== 'click' || (event as UIEvent).detail === 0)) return true;
  if (type === 'keyup' && (event as KeyboardEvent).code !== key) return false;
  const isPart = GESTURES.test(`${before.type} ${type}`);
  return isPart && (!activity.span || timeStamp - before.timeStamp < MAX_GESTURE_MS);
}
