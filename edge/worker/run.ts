import type { Link, SpanKind } from '@opentelemetry/api';
import { createTraceId } from '../../src/wire/ids.ts';
import { ATTR_FAAS_COLDSTART } from '../../src/wire/names.ts';
import type { AttributeMap } from '../../src/wire/otlp.ts';
import { parseTraceparent, type TraceParent } from '../../src/wire/traceparent.ts';
import type { Carried } from './carried.ts';
import { takeColdStart } from './cold-start.ts';
import { contextManager } from './context-manager.ts';
import { EdgeContext } from './edge-context.ts';
import { endWith } from './end-with.ts';
import { createClock, type Invocation, type WaitUntil } from './invocation.ts';
import type { Pipeline } from './pipeline.ts';
import { sampleContinued, sampleRoot } from './sampler.ts';
import { EdgeSpan } from './span.ts';
import { EdgeTraceState } from './trace-state.ts';
import { newContext } from './tracer.ts';

export interface Run {
  name: string;
  kind: SpanKind;
  pipeline: Pipeline;
  waitUntil: WaitUntil | undefined;
  attributes?: AttributeMap;
  /** The trace to go on with; a new one without it. */
  parent?: Carried | undefined;
  links?: readonly Link[];
}

/**
 * Runs a handler as an invocation with a span of its own, as the triggers do that are no HTTP request.
 */
export function run<T>(options: Run, handler: (span: EdgeSpan) => T): T {
  const { name, kind, pipeline, waitUntil, attributes = {}, links = [] } = options;
  const invocation: Invocation = {
    pipeline,
    waitUntil,
    now: createClock(),
    request: undefined,
    root: undefined,
    sequence: 0,
  };
  const parent = parseTraceparent(options.parent?.traceparent);
  const { context, recording } = contextOf(parent, options.parent?.tracestate, pipeline);
  const parentSpanId = parent?.spanId;
  const parentIsRemote = parent !== undefined;
  const span = new EdgeSpan({ name, kind, context, parentSpanId, parentIsRemote, recording, pipeline, invocation });
  invocation.root = span;
  for (const key in attributes) span.setAttribute(key, attributes[key] as string | undefined);
  for (const link of links) span.addLink(link);
  if (recording && takeColdStart()) span.setAttribute(ATTR_FAAS_COLDSTART, true);
  return contextManager.with(new EdgeContext(span, invocation), () => endWith(span, () => handler(span)));
}

function contextOf(parent: TraceParent | undefined, tracestate: string | undefined, pipeline: Pipeline) {
  const { threshold } = pipeline.settings;
  if (!parent) {
    const traceId = createTraceId();
    return newContext(traceId, sampleRoot(traceId, threshold), pipeline);
  }
  const caller = { flags: parent.flags, state: EdgeTraceState.parse(tracestate ?? null) };
  return newContext(parent.traceId, sampleContinued(parent.traceId, caller, threshold), pipeline);
}

/** A link to a carried context; `undefined` when it is none. */
export function linkTo(carried: Carried, attributes: Record<string, string | number> = {}): Link | undefined {
  const caller = parseTraceparent(carried.traceparent);
  if (!caller) return undefined;
  const traceState = EdgeTraceState.parse(carried.tracestate ?? null);
  const { traceId, spanId, flags } = caller;
  return {
    context: { traceId, spanId, traceFlags: flags, isRemote: true, ...(traceState ? { traceState } : {}) },
    attributes,
  };
}
