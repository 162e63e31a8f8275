import type { TraceSummary } from '../../../store/trace-store.ts';
import { traceAddress } from '../../model/address.ts';
import { formatClock, formatDay, formatDuration, formatPlural } from '../../model/format.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { CopyButton } from '../copy-button.tsx';
import { Spoken } from '../icons.tsx';
import { SessionAccount } from './session-account.tsx';

/** A session in time: what the person did, in the order it happened, with a bar a trace. */
export function SessionStrip({ sessionId, traces }: { sessionId: string; traces: readonly TraceSummary[] }) {
  if (traces.length === 0) return null;
  const startMs = Math.min(...traces.map((trace) => trace.startMs));
  const endMs = Math.max(...traces.map((trace) => trace.startMs + trace.durationMs));
  const widthMs = Math.max(1, endMs - startMs);
  const errors = traces.reduce((sum, trace) => sum + trace.errorCount, 0);
  return (
    <section class="session" aria-label="Session">
      <h2>
        Session <code>{visibleLine(sessionId)}</code>
        <CopyButton text={sessionId} label="Copy the session id" />
      </h2>
      <p class="muted">
        {formatDay(startMs)} {formatClock(startMs).slice(0, 8)} · {formatDuration(widthMs)} ·{' '}
        {formatPlural(traces.length, 'trace')} · {errors === 0 ? 'no errors' : formatPlural(errors, 'error')}
      </p>
      <SessionAccount sessionId={sessionId} />
      <div class="session-strip">
        <span class="session-lane">pages</span>
        <span class="session-lane">interactions</span>
        {traces.map((trace) => (
          <a
            key={trace.traceId}
            class={trace.errorCount > 0 ? 'session-mark failed' : 'session-mark'}
            href={traceAddress(trace.traceId)}
            tabIndex={-1}
            title={`${formatClock(trace.startMs)} ${visibleLine(trace.name)}, ${formatDuration(trace.durationMs)}`}
            style={{
              left: `calc(var(--lane-names) + (100% - var(--lane-names)) * ${(trace.startMs - startMs) / widthMs})`,
              width: `calc((100% - var(--lane-names)) * ${trace.durationMs / widthMs})`,
              '--lane': String(laneOf(trace.activity)),
            }}
          >
            <Spoken>{visibleLine(trace.name)}</Spoken>
          </a>
        ))}
      </div>
    </section>
  );
}

function laneOf(activity: string): number {
  return activity === 'interaction' ? 1 : 0;
}
