import type { Link, SpanKind } from '@opentelemetry/api';
import { ATTR_FAAS_COLDSTART } from '../../src/wire/names.ts';
import type { AttributeMap } from '../../src/wire/otlp.ts';
import { parseTraceparent } from '../../src/wire/traceparent.ts';
import type { Carried } from './carried.ts';
import { takeColdStart } from './cold-start.ts';
import { contextManager } from './context-manager.ts';
import { EdgeContext } from './edge-context.ts';
import { endWith } from './end-with.ts';
import { createInvocation, type WaitUntil } from './invocation.ts';
import type { Pipeline } from './pipeline.ts';
import { EdgeSpan } from './span.ts';
import { continueTrace, startTrace } from './span-context.ts';
import { EdgeTraceState } from './trace-state.ts';

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
  const { settings } = pipeline;
  const invocation = createInvocation(pipeline, waitUntil);
  const parent = parseTraceparent(options.parent?.traceparent);
  const span = new EdgeSpan({
    name,
    kind,
    context: parent
      ? continueTrace(
          parent.traceId,
          { flags: parent.flags, state: EdgeTraceState.parse(options.parent?.tracestate) },
          settings,
        )
      : startTrace(settings),
    parentSpanId: parent?.spanId,
    parentIsRemote: parent !== undefined,
    invocation,
  });
  invocation.root = span;
  span.setAttributes(attributes).addLinks(links);
  if (span.isRecording() && takeColdStart()) span.setAttribute(ATTR_FAAS_COLDSTART, true);
  return contextManager.with(new EdgeContext(span, invocation), () => endWith(span, () => handler(span)));
}

/** A link to a carried context; `undefined` when it is none. */
export function linkTo(carried: Carried, attributes: Record<string, string | number> = {}): Link | undefined {
  const caller = parseTraceparent(carried.traceparent);
  if (!caller) return undefined;
  const traceState = EdgeTraceState.parse(carried.tracestate);
  const { traceId, spanId, flags } = caller;
  return {
    context: { traceId, spanId, traceFlags: flags, isRemote: true, ...(traceState ? { traceState } : {}) },
    attributes,
  };
}
