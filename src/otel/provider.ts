import {
  type Context,
  context,
  type HrTime,
  propagation,
  type Span,
  type SpanOptions,
  type Tracer,
  type TraceState,
  trace,
} from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import {
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  WebTracerProvider,
} from '@opentelemetry/sdk-trace-web';
import type { Stop } from '../browser/guard.ts';
import type { TaskContexts } from '../context/task-contexts.ts';
import { createSpanId, createTraceId, type SpanId, type TraceId } from '../wire/ids.ts';
import { MAX_ATTRIBUTE_CHARS } from '../wire/limits.ts';
import { SCOPE_BROWSER } from '../wire/names.ts';
import { formatOt, OT_KEY, type SamplingState } from '../wire/sampling.ts';
import type { EpochMs } from '../wire/time.ts';
import { FLAG_RANDOM, FLAG_SAMPLED } from '../wire/traceparent.ts';
import { propagator } from './propagator.ts';
import { createTraceState } from './trace-state.ts';

/** Where all copies of the API on a page meet. */
const API_REGISTRY = Symbol.for('opentelemetry.js.api.1');

/** Ids to give the next span instead of drawn ones: the server drew them for us. */
export interface GivenIds {
  traceId?: TraceId | undefined;
  spanId?: SpanId | undefined;
}

export interface Tracing {
  tracer: Tracer;
  /** A span with the ids given; `traceId` counts only where `parent` has no span. */
  startSpanAs(ids: GivenIds, name: string, options: SpanOptions, parent: Context): Span;
  /**
   * Makes the application's own `@opentelemetry/api` calls ours. Where another SDK took them before, it keeps them, and we
   * listen to its spans.
   */
  register(): Stop;
  /** The context another SDK's manager says is active, where it has a span. */
  foreignContext(): Context | undefined;
}

/** What an OpenTelemetry SDK's provider looks like from inside; nothing public lets one add a processor later. */
interface ForeignProvider {
  getDelegate?(): ForeignProvider;
  _activeSpanProcessor?: { _spanProcessors?: SpanProcessor[] };
}

/**
 * A span of the SDK from inside. It takes its start from Date.now(), in whole milliseconds, so that a child could start
 * before its parent; its end is read from the monotonic clock.
 */
interface SpanInside {
  _startTimeProvided: boolean;
  /** What its monotonic clock is behind the time. */
  _performanceOffset: number;
  startTime: HrTime;
}

export interface TracingOptions {
  contexts: TaskContexts;
  /** The page's clock. */
  now(): EpochMs;
  /** Whether anything may be recorded now. Asked for each span. */
  mayRecord(): boolean;
  /** Asked for each root span: whether to record it, and the state to write into its trace. */
  sample(): { isSampled: boolean; state: SamplingState };
  started(span: Span, parent: Context): void;
  ended(span: ReadableSpan & Span): void;
}

/**
 * The one place that knows the OpenTelemetry SDK's provider, sampler and processor; another SDK is a change here.
 * @see https://opentelemetry.io/docs/specs/otel/trace/sdk/
 */
export function createTracing({ contexts, now, mayRecord, sample, started, ended }: TracingOptions): Tracing {
  let given: GivenIds = {};
  // Of the session so far: it lasts for many traces.
  let known: { rv?: string; th?: string; traceState?: TraceState } = {};
  const stateOf = (state: SamplingState) => {
    if (!known.traceState || known.rv !== state.rv || known.th !== state.th)
      known = { ...state, traceState: createTraceState([[OT_KEY, formatOt(state)]]) };
    return known.traceState;
  };
  const sampler: Sampler = {
    shouldSample(parent) {
      if (!mayRecord()) return { decision: SamplingDecision.NOT_RECORD };
      const parentSpan = trace.getSpanContext(parent);
      const isChild = parentSpan !== undefined && trace.isSpanContextValid(parentSpan);
      const { isSampled, state } = isChild
        ? { isSampled: (parentSpan.traceFlags & FLAG_SAMPLED) !== 0, state: undefined }
        : sample();
      return {
        // Recorded in any case: what an unsampled session did last is told when something goes wrong.
        decision: isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD,
        ...(state && { traceState: stateOf(state) }),
      };
    },
  };
  let isContextOurs = true;
  const listener: SpanProcessor = {
    onStart: started,
    onEnd: (span) => ended(span as ReadableSpan & Span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new WebTracerProvider({
    idGenerator: {
      generateTraceId: () => given.traceId ?? createTraceId(),
      generateSpanId: () => given.spanId ?? createSpanId(),
    },
    sampler,
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_CHARS },
    spanProcessors: [
      {
        ...listener,
        onStart(span, parent) {
          // The SDK writes the sampled flag alone. Ours are random ids; a continued trace keeps what its parent says.
          const own = span.spanContext();
          own.traceFlags |= (span.parentSpanContext?.traceFlags ?? FLAG_RANDOM) & FLAG_RANDOM;
          const inside = span as unknown as SpanInside;
          const nowMs = now();
          inside._performanceOffset = nowMs - performance.now();
          if (!inside._startTimeProvided) inside.startTime = millisToHrTime(nowMs);
          started(span, parent);
        },
      },
    ],
  });
  const tracer = provider.getTracer(SCOPE_BROWSER);
  return {
    tracer,
    foreignContext() {
      const active = isContextOurs ? undefined : context.active();
      return active && trace.getSpan(active) ? active : undefined;
    },
    startSpanAs(ids, name, options, parent) {
      // The span of `parent` may be made only now that it is asked for.
      const outer = given;
      given = ids;
      try {
        return tracer.startSpan(name, options, parent);
      } finally {
        given = outer;
      }
    },
    register() {
      const hadRegistry = API_REGISTRY in globalThis;
      const isOurs = trace.setGlobalTracerProvider(provider);
      isContextOurs = context.setGlobalContextManager(contexts);
      const undo = [
        isOurs ? () => trace.disable() : listenTo(trace.getTracerProvider() as ForeignProvider, listener),
        isContextOurs && (() => context.disable()),
        propagation.setGlobalPropagator(propagator) && (() => propagation.disable()),
      ];
      return () => {
        for (const step of undo) if (step) step();
        // The API leaves its empty registry behind.
        const registry = (globalThis as Record<symbol, object | undefined>)[API_REGISTRY];
        if (!hadRegistry && registry && Object.keys(registry).join() === 'version')
          delete (globalThis as Record<symbol, unknown>)[API_REGISTRY];
      };
    },
  };
}

function listenTo(foreign: ForeignProvider, listener: SpanProcessor): Stop {
  const processors = (foreign.getDelegate?.() ?? foreign)._activeSpanProcessor?._spanProcessors;
  processors?.push(listener);
  return () => {
    processors?.splice(processors.indexOf(listener), 1);
  };
}
