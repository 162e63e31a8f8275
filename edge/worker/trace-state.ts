import type { TraceState } from '@opentelemetry/api';
import { formatTracestate, parseTracestate, type TraceStateMembers, withMember } from '../../src/wire/tracestate.ts';

/** `tracestate` as OpenTelemetry's API shows it; immutable, the newest member first. */
export class EdgeTraceState implements TraceState {
  readonly members: TraceStateMembers;
  #text: string | undefined;

  static parse(header: string | null | undefined): EdgeTraceState | undefined {
    const members = header ? parseTracestate(header) : undefined;
    return members?.length ? new EdgeTraceState(members) : undefined;
  }

  constructor(members: TraceStateMembers) {
    this.members = members;
  }

  get(key: string): string | undefined {
    return this.members.find(([existing]) => existing === key)?.[1];
  }

  /** A copy with `key` first; unchanged when key or value break the grammar. */
  set(key: string, value: string): TraceState {
    return parseTracestate(`${key}=${value}`)?.length === 1
      ? new EdgeTraceState(withMember(this.members, key, value))
      : this;
  }

  unset(key: string): TraceState {
    return new EdgeTraceState(withMember(this.members, key, undefined));
  }

  serialize(): string {
    this.#text ??= formatTracestate(this.members);
    return this.#text;
  }
}
