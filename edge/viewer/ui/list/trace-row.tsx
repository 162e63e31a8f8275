import type { TraceSummary } from '../../../store/trace-store.ts';
import { traceAddress } from '../../model/address.ts';
import { formatAge, formatClock, formatCount, formatDay, formatDuration } from '../../model/format.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { Icon, type IconName, Spoken } from '../icons.tsx';
import { VitalCell } from './vital-cell.tsx';

const ACTIVITY_ICONS: ReadonlySet<string> = new Set(['page load', 'navigation', 'interaction']);

function activityIcon(activity: string): IconName {
  return ACTIVITY_ICONS.has(activity) ? (activity as IconName) : 'server';
}

/** An activity ends 30 s after it began at the latest, and is reported soon after. */
const MAX_ROOT_WAIT_MS = 120_000;

interface TraceRowProps {
  trace: TraceSummary;
  /** The longest duration in view, ms: the full width of the bar. */
  longestMs: number;
  nowMs: number;
  isSelected: boolean;
}

/** One trace of the list. Its name is a real link, so that it opens in a tab, is copied, and takes the focus. */
export function TraceRow({ trace, longestMs, nowMs, isSelected }: TraceRowProps) {
  const what = trace.activity || (trace.isProvisional ? 'page view' : 'server');
  return (
    <tr class={isSelected ? 'trace-row selected' : 'trace-row'}>
      <td class="cell-time">
        <time
          dateTime={isoTime(trace.startMs)}
          title={`${formatDay(trace.startMs)}, ${formatAge(nowMs - trace.startMs)}`}
        >
          {formatDay(trace.startMs) === formatDay(nowMs) ? null : (
            <span class="day">{formatDay(trace.startMs).slice(5)} </span>
          )}
          {formatClock(trace.startMs)}
        </time>
      </td>
      <td class="cell-name">
        <a class="trace-link" href={traceAddress(trace.traceId)} data-trace={trace.traceId}>
          <Icon name={activityIcon(trace.isProvisional ? 'page load' : trace.activity)} />
          <span class="trace-name">{visibleLine(trace.name) || '(no name)'}</span>
          <span class="trace-sub">
            {trace.name.startsWith(what) ? null : <span>{visibleLine(what)}</span>}
            {trace.route && !trace.name.includes(trace.route) ? (
              <span class="route">{visibleLine(trace.route)}</span>
            ) : null}
            {trace.hasRoot ? null : <RootTag isOver={nowMs - trace.updatedAtMs > MAX_ROOT_WAIT_MS} />}
          </span>
        </a>
      </td>
      <td class="cell-services" title={trace.services.map(visibleLine).join(', ')}>
        {(trace.services.length > 0 ? trace.services : [trace.service]).slice(0, 6).map((service, index) => (
          <span key={service}>
            {index > 0 ? <span class="muted"> · </span> : null}
            {visibleLine(service)}
          </span>
        ))}
      </td>
      <td class="cell-duration">
        <span class="number">{formatDuration(trace.durationMs)}</span>
        <span class="duration-bar" aria-hidden="true">
          <span style={{ width: `${Math.min(100, (100 * trace.durationMs) / Math.max(1, longestMs))}%` }} />
        </span>
      </td>
      <td class="cell-count number">{formatCount(trace.spanCount)}</td>
      <td class="cell-errors number">
        {trace.errorCount > 0 ? (
          <span class="error-count">
            <Icon name="close" />
            {formatCount(trace.errorCount)}
            <Spoken> errors</Spoken>
          </span>
        ) : (
          <span class="absent">–</span>
        )}
      </td>
      <td class="cell-vital" data-label="LCP">
        <VitalCell name="lcp" value={trace.vitals.lcp} />
      </td>
      <td class="cell-vital" data-label="INP">
        <VitalCell name="inp" value={trace.vitals.inp} />
      </td>
      <td class="cell-vital" data-label="CLS">
        <VitalCell name="cls" value={trace.vitals.cls} />
      </td>
    </tr>
  );
}

function isoTime(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

function RootTag({ isOver }: { isOver: boolean }) {
  if (!isOver) return <span class="tag">in progress</span>;
  return (
    <span class="tag" title="Its root span never came: what is shown is made of what did">
      no root
    </span>
  );
}
