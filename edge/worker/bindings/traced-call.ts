import type { SpanKind } from '@opentelemetry/api';
import { ATTR_BINDING } from '../../../src/wire/names.ts';
import type { AttributeMap } from '../../../src/wire/otlp.ts';
import { KIND_CLIENT } from '../api-constants.ts';
import { startChild } from '../child-span.ts';
import { contextManager } from '../context-manager.ts';
import { invocationOf } from '../edge-context.ts';
import { endWith } from '../end-with.ts';
import type { EdgeSpan } from '../span.ts';

export interface Call {
  name: string;
  /** Name of the binding in `env`. */
  binding: string;
  kind?: SpanKind;
  attributes?: AttributeMap;
}

/** Calls `work` in a client span, inside an invocation; else just calls it. */
export function tracedCall<T>(
  { name, binding, kind = KIND_CLIENT, attributes = {} }: Call,
  work: (span: EdgeSpan | undefined) => T,
): T {
  const context = contextManager.active();
  const invocation = invocationOf(context);
  if (!invocation) return work(undefined);
  const span = startChild(name, kind, { context, invocation });
  for (const key in attributes) span.setAttribute(key, attributes[key] as string | undefined);
  span.setAttribute(ATTR_BINDING, binding);
  return endWith(span, () => work(span));
}
