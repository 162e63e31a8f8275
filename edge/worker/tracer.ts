import type { Context, Span, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import { KIND_INTERNAL } from './api-constants.ts';
import { type Place, placeUnder } from './child-span.ts';
import { contextManager } from './context-manager.ts';
import { invocationOf, spanOf, withSpan } from './edge-context.ts';
import { createInvocation } from './invocation.ts';
import { latestPipeline } from './pipeline.ts';
import type { Settings } from './settings.ts';
import { EdgeSpan } from './span.ts';
import { continueTrace, isValid } from './span-context.ts';
import { toEpochMs } from './time-input.ts';
import { EdgeTraceState } from './trace-state.ts';

/** The one tracer; libraries' names and versions are not told apart at the edge, to keep a span's bytes few. */
class EdgeTracer implements Tracer {
  startSpan(name: string, options: SpanOptions = {}, within: Context = contextManager.active()): EdgeSpan {
    const { root, kind = KIND_INTERNAL, startTime, attributes, links } = options;
    const active = root ? undefined : spanOf(within);
    const own = active instanceof EdgeSpan ? active.invocation : undefined;
    const invocation = invocationOf(within) ?? own ?? createInvocation(latestPipeline());
    const span = new EdgeSpan({
      name,
      kind,
      invocation,
      startMs: startTime === undefined ? undefined : toEpochMs(startTime),
      ...placeUnder(active, invocation.pipeline.settings),
    });
    if (attributes) span.setAttributes(attributes);
    if (links) span.addLinks(links);
    return span;
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const fn = rest.pop() as F;
    const [options, context = contextManager.active()] = rest as [SpanOptions?, Context?];
    const span = this.startSpan(name, options, context);
    return contextManager.with(withSpan(context, span), () => fn(span) as ReturnType<F>);
  }
}

const edgeTracer = new EdgeTracer();

export const tracerProvider: TracerProvider = { getTracer: () => edgeTracer };

/** The place under a span that an application or another SDK put into a context. */
export function placeUnderForeign(parent: Span, settings: Settings): Place | undefined {
  const { traceId, spanId, traceFlags, traceState, isRemote } = parent.spanContext();
  if (!isValid({ traceId, spanId, traceFlags })) return undefined;
  const state = traceState instanceof EdgeTraceState ? traceState : EdgeTraceState.parse(traceState?.serialize());
  const caller = { flags: traceFlags, state };
  return {
    context: continueTrace(traceId, caller, settings),
    parentSpanId: spanId,
    parentIsRemote: isRemote === true,
  };
}
