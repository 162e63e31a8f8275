import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { formatPlural } from '../../model/format.ts';
import { countConditions, parseFilter } from '../../model/trace-filter-url.ts';
import { useHotkeys } from '../hotkeys.ts';
import { onStoreChange } from '../live.ts';
import { navigate } from '../location.ts';
import { ProblemView } from '../problem-view.tsx';
import { EmptyList } from './empty-list.tsx';
import { FilterBar } from './filter-bar.tsx';
import { createTraceList } from './trace-list-store.ts';
import { TraceRow } from './trace-row.tsx';

/** The list of traces under the filter that the address holds. */
export function TraceListPage({ search }: { search: string }) {
  const filter = useMemo(() => parseFilter(search), [search]);
  const list = useMemo(createTraceList, []);
  const nameField = useRef<HTMLInputElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const selected = useSignal(-1);
  const isHovered = useRef(false);

  useEffect(() => {
    selected.value = -1;
    list.open(filter);
    document.title = 'Traces · Throughline';
  }, [filter]);

  // New traces come in by themselves only while nobody reads: at the top, pointer and keyboard elsewhere.
  useEffect(() => {
    const isIdle = () => !isHovered.current && selected.peek() === -1 && window.scrollY < 8;
    return onStoreChange(() => void list.refresh(isIdle));
  }, []);

  const rows = list.shown.value;
  const services = useComputed(() => distinct(list.shown.value.flatMap((trace) => trace.services)));
  const routes = useComputed(() => distinct(list.shown.value.map((trace) => trace.route)));
  const longestMs = useComputed(() => list.shown.value.reduce((most, trace) => Math.max(most, trace.durationMs), 1));

  const select = (index: number) => {
    const links = table.current?.querySelectorAll<HTMLAnchorElement>('a.trace-link');
    const next = Math.max(0, Math.min(rows.length - 1, index));
    selected.value = rows.length === 0 ? -1 : next;
    links?.[next]?.focus();
    links?.[next]?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  };
  const showWaiting = () => {
    const kept = rows[selected.value]?.traceId;
    list.showWaiting();
    if (kept) selected.value = list.shown.value.findIndex((trace) => trace.traceId === kept);
    else window.scrollTo({ top: 0 });
  };
  const step = (by: number) => () => select(selected.value + by);
  useHotkeys({
    j: step(1),
    ArrowDown: step(1),
    k: step(-1),
    ArrowUp: step(-1),
    Home: () => select(0),
    End: () => select(rows.length - 1),
    Enter: () => {
      const trace = rows[selected.value];
      if (!trace || document.activeElement?.closest('a, button, input, select')) return false;
      navigate(`/traces/${trace.traceId}`);
    },
    n: showWaiting,
    '/': () => nameField.current?.focus(),
  });

  const nowMs = Date.now();
  const isFiltered = countConditions(filter) > 0;
  return (
    <main class="list-page">
      <h1 class="spoken">Traces</h1>
      <FilterBar filter={filter} services={services.value} routes={routes.value} nameField={nameField} />
      {list.waiting.value.length > 0 ? (
        <button type="button" class="new-traces" onClick={showWaiting}>
          {formatPlural(list.waiting.value.length, 'new trace')} <kbd>n</kbd>
        </button>
      ) : null}
      <span class="spoken" role="status">
        {list.isLoading.value ? 'Loading traces' : formatPlural(rows.length, 'trace')}
      </span>
      {list.problem.value ? (
        <ProblemView problem={list.problem.value} retry={list.reload} />
      ) : rows.length === 0 && !list.isLoading.value ? (
        <EmptyList isFiltered={isFiltered} />
      ) : (
        <table
          class="traces"
          ref={table}
          aria-busy={list.isLoading.value}
          onPointerEnter={() => {
            isHovered.current = true;
          }}
          onPointerLeave={() => {
            isHovered.current = false;
          }}
        >
          <thead>
            <tr>
              <th scope="col">Started</th>
              <th scope="col">Trace</th>
              <th scope="col">Services</th>
              <th scope="col">Duration</th>
              <th scope="col" class="number">
                Spans
              </th>
              <th scope="col" class="number">
                Errors
              </th>
              <th scope="col">
                <abbr title="Largest Contentful Paint">LCP</abbr>
              </th>
              <th scope="col">
                <abbr title="Interaction to Next Paint">INP</abbr>
              </th>
              <th scope="col">
                <abbr title="Cumulative Layout Shift">CLS</abbr>
              </th>
            </tr>
          </thead>
          <tbody
            onFocusIn={(event) => {
              const id = event.target instanceof HTMLElement ? event.target.dataset.trace : undefined;
              const index = rows.findIndex((trace) => trace.traceId === id);
              if (index !== -1) selected.value = index;
            }}
          >
            {rows.map((trace, index) => (
              <TraceRow
                key={trace.traceId}
                trace={trace}
                longestMs={longestMs.value}
                nowMs={nowMs}
                isSelected={index === selected.value}
              />
            ))}
          </tbody>
        </table>
      )}
      {list.nextCursor.value && !list.problem.value ? (
        <p class="more-rows">
          <button type="button" class="button" disabled={list.isLoading.value} onClick={list.loadMore}>
            Show older traces
          </button>
        </p>
      ) : null}
    </main>
  );
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values.filter(Boolean))].sort().slice(0, 200);
}
