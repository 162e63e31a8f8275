import type { Context } from '@opentelemetry/api';
import { operatedElement, roleOf, selectorOf } from '../browser/element.ts';
import { guard } from '../browser/guard.ts';
import { describeAnswer, describeFailure, startRequest } from '../context/request-span.ts';
import type { Core, Instrumentation } from '../core.ts';
import type { HandedCall, HandedClick } from '../handover.ts';
import { ATTR_ELEMENT_SELECTOR, ATTR_INTERACTION_TYPE } from '../wire/names.ts';

/**
 * What the inline loader saw before the agent came: its requests as spans under the very ids their headers carried, the
 * clicks that led to them, and errors.
 */
export const handedOver: Instrumentation = {
  name: 'loader',
  start(core) {
    const clicks = new Map<HandedClick, Context>();
    const contextOf = (click: HandedClick) => {
      const known = clicks.get(click) ?? startClick(core, click);
      clicks.set(click, known);
      return known;
    };
    const { calls = [], errors = [] } = core.handover ?? {};
    for (const call of calls) report(core, call, call.click ? contextOf(call.click) : core.contexts.active());
    for (const error of errors) core.capture(error, true, {});
    return () => {};
  },
};

function startClick(core: Core, { event, traceId, spanId }: HandedClick): Context {
  const { activities, clock } = core;
  const element = operatedElement(event.target);
  const activity = activities.begin({
    kind: 'interaction',
    startMs: clock.at(event.timeStamp),
    startSpan: (parent, options) => core.startSpan(`click ${roleOf(element)}`, options, parent, { traceId, spanId }),
  });
  activity.describe({ [ATTR_INTERACTION_TYPE]: 'click', [ATTR_ELEMENT_SELECTOR]: selectorOf(element) });
  return activity.context;
}

function report(core: Core, call: HandedCall, parent: Context): void {
  const { clock } = core;
  const { method = 'GET', spanId } = call;
  const url = new URL(call.url);
  const span = startRequest(core, { method, url, startTime: clock.at(call.startMs), parent, ids: { spanId } });
  const end = guard(() => {
    if (call.status !== undefined) describeAnswer(span, call.status);
    else if (call.error !== 'AbortError') describeFailure(span, call.error ?? 'Error');
    span.end(clock.at(call.endMs ?? performance.now()));
  });
  if (call.endMs === undefined) call.done = end;
  else end();
}
