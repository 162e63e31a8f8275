import type { Span, SpanContext, SpanKind } from '@opentelemetry/api';
import type { SpanId } from '../../src/wire/ids.ts';
import { spanOf } from './edge-context.ts';
import type { Invocation } from './invocation.ts';
import type { Settings } from './settings.ts';
import { EdgeSpan } from './span.ts';
import { newContext, startTrace } from './span-context.ts';

/** Where a new span stands. */
export interface Place {
  context: SpanContext;
  parentSpanId: SpanId | undefined;
  parentIsRemote: boolean;
}

/** The place under a span that is not ours; `undefined` when that is no valid one. */
type PlaceUnderForeign = (parent: Span, settings: Settings) => Place | undefined;
let placeUnderForeign: PlaceUnderForeign | undefined;

/** Only through OpenTelemetry's API can a span be active that is not ours: what goes on with it comes along with the API. */
export function acceptForeign(place: PlaceUnderForeign): void {
  placeUnderForeign = place;
}

/** The place under `parent`, or at the root of a new trace. */
export function placeUnder(parent: Span | undefined, settings: Settings): Place {
  if (parent instanceof EdgeSpan) {
    const { traceId, spanId, traceFlags, traceState } = parent.spanContext();
    return { context: newContext(traceId, traceFlags, traceState), parentSpanId: spanId, parentIsRemote: false };
  }
  const foreign = parent && placeUnderForeign?.(parent, settings);
  return foreign ?? { context: startTrace(settings), parentSpanId: undefined, parentIsRemote: false };
}

/** Starts a span under the active one of a context. */
export function startChild(
  name: string,
  kind: SpanKind,
  { context, invocation }: { context: Parameters<typeof spanOf>[0]; invocation: Invocation },
): EdgeSpan {
  return new EdgeSpan({ name, kind, invocation, ...placeUnder(spanOf(context), invocation.pipeline.settings) });
}
