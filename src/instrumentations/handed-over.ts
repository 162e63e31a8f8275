import type { Context } from '@opentelemetry/api';
import { guard } from '../browser/guard.ts';
import { describeAnswer, describeFailure, isAbort, startRequest } from '../context/request-span.ts';
import type { Core, Instrumentation } from '../core.ts';
import type { HandedCall, HandedClick } from '../handover.ts';
import { readFetchCall } from './fetch-call.ts';
import { beginGesture } from './interactions.ts';

/**
 * What the inline loader saw before the agent came: its requests as spans under the very ids their headers carried, the
 * clicks that led to them, and errors.
 */
export const handedOver: Instrumentation = {
  name: 'loader',
  start(core) {
    const clicks = new Map<HandedClick, Context>();
    const contextOf = (click: HandedClick) => {
      const known = clicks.get(click) ?? beginGesture(core, click.event, click).activity.context;
      clicks.set(click, known);
      return known;
    };
    const { calls = [], errors = [] } = core.handover ?? {};
    for (const call of calls) report(core, call, call.click ? contextOf(call.click) : core.contexts.active());
    for (const { error, reason } of errors) core.capture(error ?? reason, true, {});
    return () => {};
  },
};

function report(core: Core, handed: HandedCall, parent: Context): void {
  const { clock } = core;
  const { asked, startMs, spanId, settled } = handed;
  const call = readFetchCall(asked);
  if (!call) return;
  const { method, url, signal } = call;
  const span = startRequest(core, { method, url, startTime: clock.at(startMs), parent, ids: { spanId } });
  const end = () => span.end(clock.at(handed.endMs ?? performance.now()));
  settled?.then(
    guard(({ status }) => {
      describeAnswer(span, status);
      end();
    }),
    guard((error: Error) => {
      if (!isAbort(error, signal)) describeFailure(span, error.name);
      end();
    }),
  );
}
