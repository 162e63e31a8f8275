import type { TraceState } from '@opentelemetry/api';
import { formatTracestate, parseTracestate, type TraceStateMembers, withMember } from '../wire/tracestate.ts';

/** OpenTelemetry's immutable `TraceState` over the wire's parser, which is stricter and smaller than the API's. */
export function createTraceState(members: TraceStateMembers): TraceState {
  let header: string | undefined;
  return {
    get: (key) => members.find(([existing]) => existing === key)?.[1],
    set: (key, value) => createTraceState(withMember(members, key, value)),
    unset: (key) => createTraceState(withMember(members, key, undefined)),
    serialize: () => (header ??= formatTracestate(members)),
  };
}

/** The trace state of a header; none when the header breaks the grammar. */
export function traceStateOf(header: string | undefined): TraceState | undefined {
  const members = parseTracestate(header);
  return members?.length ? createTraceState(members) : undefined;
}
