import { isProvisional, type SummaryState, traceDurationUs, traceName, traceStartUs } from './summary.ts';
import type { TraceSummary } from './trace-store.ts';

/** The row a list shows. */
export function toTraceSummary(state: SummaryState): TraceSummary {
  const others = state.services.filter((service) => service !== state.service);
  return {
    traceId: state.traceId,
    name: traceName(state),
    service: state.service,
    services: state.service === '' ? others : [state.service, ...others],
    route: state.route,
    activity: state.activity,
    startMs: traceStartUs(state) / 1000,
    durationMs: traceDurationUs(state) / 1000,
    browser: state.browser,
    device: state.device,
    country: state.country,
    release: state.release,
    spanCount: state.spans,
    errorCount: state.errors,
    vitals: { ...state.vitals },
    sessionId: state.sessionId,
    userId: state.userId,
    hasRoot: state.hasRoot,
    isProvisional: isProvisional(state),
    updatedAtMs: state.updatedMs,
  };
}
