import type { SpanKind } from '@opentelemetry/api';
import { ATTR_BINDING } from '../../../src/wire/names.ts';
import type { AttributeMap } from '../../../src/wire/otlp.ts';
import { SPAN_KIND } from '../api-constants.ts';
import { contextManager } from '../context-manager.ts';
import { invocationOf } from '../edge-context.ts';
import { endWith } from '../end-with.ts';
import type { EdgeSpan } from '../span.ts';
import { edgeTracer } from '../tracer.ts';

export interface Call {
  name: string;
  /** Name of the binding in `env`. */
  binding: string;
  kind?: SpanKind;
  attributes?: AttributeMap;
}

/** Calls `work` in a client span, inside an invocation; else just calls it. */
export function tracedCall<T>(
  { name, binding, kind = SPAN_KIND.CLIENT, attributes = {} }: Call,
  work: (span: EdgeSpan | undefined) => T,
): T {
  const context = contextManager.active();
  if (!invocationOf(context)) return work(undefined);
  const span = edgeTracer.startSpan(name, { kind }, context);
  for (const key in attributes) span.setAttribute(key, attributes[key] as string | undefined);
  span.setAttribute(ATTR_BINDING, binding);
  return endWith(span, () => work(span));
}
