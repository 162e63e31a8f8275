import type { Context, Span, SpanContext, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import { createSpanId, createTraceId, isSpanId, isTraceId } from '../../src/wire/ids.ts';
import { FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import { SPAN_KIND } from './api-constants.ts';
import { contextManager } from './context-manager.ts';
import { invocationOf, spanOf, withSpan } from './edge-context.ts';
import { latestPipeline, type Pipeline } from './pipeline.ts';
import { type SamplingDecision, sampleContinued, sampleRoot } from './sampler.ts';
import { EdgeSpan } from './span.ts';
import { toEpochMs } from './time-input.ts';
import { EdgeTraceState } from './trace-state.ts';

/** The one tracer; libraries' names and versions are not told apart at the edge, to keep a span's bytes few. */
class EdgeTracer implements Tracer {
  startSpan(name: string, options: SpanOptions = {}, context: Context = contextManager.active()): EdgeSpan {
    const parent = options.root ? undefined : spanOf(context);
    const invocation = invocationOf(context);
    const pipeline = invocation?.pipeline ?? (parent instanceof EdgeSpan ? parent.pipeline : latestPipeline());
    const parentContext = parent?.spanContext();
    const span = new EdgeSpan({
      name,
      kind: options.kind ?? SPAN_KIND.INTERNAL,
      ...contextOf(parent, pipeline),
      parentSpanId: parent instanceof EdgeSpan || isValid(parentContext) ? parentContext?.spanId : undefined,
      parentIsRemote: parentContext?.isRemote === true,
      pipeline,
      invocation,
      startMs: options.startTime === undefined ? undefined : toEpochMs(options.startTime),
    });
    if (options.attributes) span.setAttributes(options.attributes);
    if (options.links) span.addLinks(options.links);
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
    const [options, given] = rest as [SpanOptions?, Context?];
    const context = given ?? contextManager.active();
    const span = this.startSpan(name, options, context);
    return contextManager.with(withSpan(context, span), fn as (span: Span) => ReturnType<F>, undefined, span);
  }
}

/** Context of a new span: its parent's trace, or a new one under the pipeline's threshold. */
export function contextOf(
  parent: Span | undefined,
  pipeline: Pipeline | undefined,
): { context: SpanContext; recording: boolean } {
  const parentContext = parent?.spanContext();
  if (parent instanceof EdgeSpan && parentContext) {
    const context = { ...parentContext, spanId: createSpanId(), isRemote: false };
    return { context, recording: isRecording(context.traceFlags, pipeline) };
  }
  if (isValid(parentContext)) {
    const { traceId, traceFlags: flags, traceState } = parentContext;
    const state = traceState && EdgeTraceState.from(traceState);
    return newContext(traceId, sampleContinued(traceId, { flags, state }, pipeline?.settings.threshold), pipeline);
  }
  const traceId = createTraceId();
  return newContext(traceId, sampleRoot(traceId, pipeline?.settings.threshold), pipeline);
}

/** A span context with a fresh span id. */
export function newContext(
  traceId: string,
  { flags, state }: SamplingDecision,
  pipeline: Pipeline | undefined,
): { context: SpanContext; recording: boolean } {
  const context: SpanContext = { traceId, spanId: createSpanId(), traceFlags: flags };
  if (state) context.traceState = state;
  return { context, recording: isRecording(flags, pipeline) };
}

function isRecording(flags: number, pipeline: Pipeline | undefined): boolean {
  return (flags & FLAG_SAMPLED) !== 0 && pipeline?.exporter !== undefined;
}

function isValid(context: SpanContext | undefined): context is SpanContext {
  return context !== undefined && isTraceId(context.traceId) && isSpanId(context.spanId);
}

export const edgeTracer = new EdgeTracer();

export const tracerProvider: TracerProvider = { getTracer: () => edgeTracer };
