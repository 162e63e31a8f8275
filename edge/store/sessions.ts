import { type SummaryState, traceDurationUs, traceEndUs, traceStartUs } from './summary.ts';
import type { SessionFilter, SessionSummary } from './trace-store.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** How many sessions a filter asks for. */
function sessionLimit(filter: SessionFilter): number {
  return Math.min(MAX_LIMIT, Math.max(1, Math.trunc(filter.limit ?? DEFAULT_LIMIT)));
}

/** How many a part of a store is asked for: more, because what matches there need not match as a whole. */
export function askedSessions(filter: SessionFilter): number {
  return sessionLimit(filter) * 2;
}

/** The sessions that match, last active first, of all traces of those that may. */
export function summarizeSessions(states: Iterable<SummaryState>, filter: SessionFilter): SessionSummary[] {
  const bySession = new Map<string, SummaryState[]>();
  for (const state of states) {
    const own = bySession.get(state.sessionId);
    if (own) own.push(state);
    else bySession.set(state.sessionId, [state]);
  }
  return [...bySession]
    .flatMap(([sessionId, own]) => summarizeSession(sessionId, own, filter) ?? [])
    .sort((a, b) => b.endMs - a.endMs)
    .slice(0, sessionLimit(filter));
}

/** A session and when it was last active, epoch microseconds. */
export interface ActiveSession {
  sessionId: string;
  endUs: number;
}

/** Sessions as their traces, and parts of a store, tell of them. */
export class ActiveSessions {
  readonly #endUs = new Map<string, number>();

  add({ sessionId, endUs }: ActiveSession): void {
    this.#endUs.set(sessionId, Math.max(endUs, this.#endUs.get(sessionId) ?? 0));
  }

  /** Adds the session of a trace that is a reason to think that it matches, or of one that is known already. */
  addTrace(state: SummaryState, filter: SessionFilter): void {
    const { sessionId } = state;
    if (this.#endUs.has(sessionId) || speaksForSession(state, filter))
      this.add({ sessionId, endUs: traceEndUs(state) });
  }

  /** Last active first. */
  latest(count: number): ActiveSession[] {
    const sessions = Array.from(this.#endUs, ([sessionId, endUs]) => ({ sessionId, endUs }));
    return sessions.sort((a, b) => b.endUs - a.endUs).slice(0, count);
  }
}

/** Whether a trace is a reason by itself to think that its session matches; without errors no single trace can tell. */
function speaksForSession(state: SummaryState, filter: SessionFilter): boolean {
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY, service, userId, error } = filter;
  const startMs = traceStartUs(state) / 1000;
  return (
    state.sessionId !== '' &&
    startMs >= fromMs &&
    startMs <= toMs &&
    (service === undefined || state.services.includes(service)) &&
    (userId === undefined || state.userId === userId) &&
    (!error || state.errors > 0)
  );
}

/** What the traces of a session that started in the filter's window add up to; `undefined` when it does not match. */
function summarizeSession(
  sessionId: string,
  states: readonly SummaryState[],
  filter: SessionFilter,
): SessionSummary | undefined {
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = filter;
  const session: SessionSummary = {
    sessionId,
    userId: '',
    startMs: Number.POSITIVE_INFINITY,
    endMs: 0,
    traceCount: 0,
    spanCount: 0,
    errorCount: 0,
    entryRoute: '',
    device: '',
  };
  let hasService = filter.service === undefined;
  // In order of time, whatever order they were found in: the first to say who and with what is believed.
  const inOrder = [...states].sort((a, b) => traceStartUs(a) - traceStartUs(b) || (a.traceId < b.traceId ? -1 : 1));
  for (const state of inOrder) {
    const startMs = traceStartUs(state) / 1000;
    if (startMs < fromMs || startMs > toMs) continue;
    session.traceCount += 1;
    session.spanCount += state.spans;
    session.errorCount += state.errors;
    session.endMs = Math.max(session.endMs, startMs + traceDurationUs(state) / 1000);
    session.userId ||= state.userId;
    session.device ||= state.device;
    if (filter.service !== undefined && state.services.includes(filter.service)) hasService = true;
    if (startMs >= session.startMs) continue;
    session.startMs = startMs;
    session.entryRoute = state.route;
  }
  if (session.traceCount === 0 || !hasService) return undefined;
  if (filter.userId !== undefined && session.userId !== filter.userId) return undefined;
  if (filter.error !== undefined && session.errorCount > 0 !== filter.error) return undefined;
  return session;
}
