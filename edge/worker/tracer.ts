import type { Context, Span, SpanContext, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import { SPAN_KIND } from './api-constants.ts';
import { contextManager } from './context-manager.ts';
import { invocationOf, spanOf, withSpan } from './edge-context.ts';
import { createInvocation } from './invocation.ts';
import { latestPipeline } from './pipeline.ts';
import { EdgeSpan } from './span.ts';
import { continueTrace, isValid, newContext, startTrace } from './span-context.ts';
import { toEpochMs } from './time-input.ts';
import { EdgeTraceState } from './trace-state.ts';

/** The one tracer; libraries' names and versions are not told apart at the edge, to keep a span's bytes few. */
class EdgeTracer implements Tracer {
  startSpan(name: string, options: SpanOptions = {}, within: Context = contextManager.active()): EdgeSpan {
    const { root, kind = SPAN_KIND.INTERNAL, startTime, attributes, links } = options;
    const active = root ? undefined : spanOf(within);
    const own = active instanceof EdgeSpan ? active : undefined;
    const invocation = invocationOf(within) ?? own?.invocation ?? createInvocation(latestPipeline());
    const settings = invocation.pipeline.settings;
    const parent = validContext(active);
    let context: SpanContext;
    if (!parent) context = startTrace(settings);
    else if (own) context = newContext(parent.traceId, parent.traceFlags, parent.traceState);
    else {
      const caller = { flags: parent.traceFlags, state: EdgeTraceState.from(parent.traceState) };
      context = continueTrace(parent.traceId, caller, settings);
    }
    const span = new EdgeSpan({
      name,
      kind,
      context,
      parentSpanId: parent?.spanId,
      parentIsRemote: parent?.isRemote === true,
      invocation,
      startMs: startTime === undefined ? undefined : toEpochMs(startTime),
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
    return contextManager.with(withSpan(context, span), fn as (span: Span) => ReturnType<F>, undefined, span);
  }
}

/** The context of a span to be a parent; one of ours is always valid. */
function validContext(span: Span | undefined): SpanContext | undefined {
  const context = span?.spanContext();
  return context && (span instanceof EdgeSpan || isValid(context)) ? context : undefined;
}

export const edgeTracer = new EdgeTracer();

export const tracerProvider: TracerProvider = { getTracer: () => edgeTracer };
