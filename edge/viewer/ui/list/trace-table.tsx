import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { TraceSummary } from '../../../store/trace-store.ts';
import { traceAddress } from '../../model/address.ts';
import { useHotkeys } from '../hotkeys.ts';
import { navigate } from '../location.ts';
import { TraceRow } from './trace-row.tsx';

interface TraceTableProps {
  traces: readonly TraceSummary[];
  isBusy?: boolean;
  /** Told when the reader starts and stops being in the table, by pointer or keyboard. */
  onReading?: (isReading: boolean) => void;
}

const TITLES = ['Started', 'Trace', 'Services', 'Duration', 'Spans', 'Errors'];
const VITAL_TITLES = {
  LCP: 'Largest Contentful Paint',
  INP: 'Interaction to Next Paint',
  CLS: 'Cumulative Layout Shift',
};

/** Traces as a table, walked with j and k. What is selected is a trace, not a place: rows may come in above it. */
export function TraceTable({ traces, isBusy = false, onReading }: TraceTableProps) {
  const table = useRef<HTMLTableElement>(null);
  const selected = useSignal('');
  const index = traces.findIndex(({ traceId }) => traceId === selected.value);
  const select = (next: number) => {
    const links = table.current?.querySelectorAll<HTMLAnchorElement>('a.trace-link');
    const link = links?.[Math.max(0, Math.min(traces.length - 1, next))];
    link?.focus();
    link?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  };
  const step = (by: number) => () => select(index + by);
  useHotkeys({
    j: step(1),
    ArrowDown: step(1),
    k: step(-1),
    ArrowUp: step(-1),
    Home: () => select(0),
    End: () => select(traces.length - 1),
    Enter: () => {
      if (!selected.peek() || document.activeElement?.closest('a, button, input, select')) return false;
      navigate(traceAddress(selected.peek()));
      return true;
    },
  });
  const longestMs = traces.reduce((most, { durationMs }) => Math.max(most, durationMs), 1);
  const nowMs = Date.now();
  return (
    <table
      class="traces"
      ref={table}
      aria-busy={isBusy}
      onPointerEnter={() => onReading?.(true)}
      onPointerLeave={() => onReading?.(selected.peek() !== '')}
      onFocusIn={(event) => {
        selected.value = (event.target instanceof HTMLElement ? event.target.dataset.trace : undefined) ?? '';
        onReading?.(true);
      }}
    >
      <thead>
        <tr>
          {TITLES.map((title) => (
            <th key={title} scope="col" class={title === 'Spans' || title === 'Errors' ? 'number' : ''}>
              {title}
            </th>
          ))}
          {Object.entries(VITAL_TITLES).map(([short, title]) => (
            <th key={short} scope="col">
              <abbr title={title}>{short}</abbr>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {traces.map((trace) => (
          <TraceRow
            key={trace.traceId}
            trace={trace}
            longestMs={longestMs}
            nowMs={nowMs}
            isSelected={trace.traceId === selected.value}
          />
        ))}
      </tbody>
    </table>
  );
}
