import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { TraceSummary } from '../../../store/trace-store.ts';
import { formatPlural } from '../../model/format.ts';
import { countConditions, parseFilter } from '../../model/trace-filter-url.ts';
import { useHotkeys } from '../hotkeys.ts';
import { onStoreChange } from '../live.ts';
import { ProblemView } from '../problem-view.tsx';
import { EmptyList } from './empty-list.tsx';
import { FilterBar, type FilterChoices } from './filter-bar.tsx';
import { SessionStrip } from './session-strip.tsx';
import { createTraceList } from './trace-list-store.ts';
import { TraceTable } from './trace-table.tsx';

/** The list of traces under the filter that the address holds; of a session, in the order things happened. */
export function TraceListPage({ search }: { search: string }) {
  const filter = useMemo(() => parseFilter(search), [search]);
  const list = useMemo(createTraceList, []);
  const nameField = useRef<HTMLInputElement>(null);
  const attributeField = useRef<HTMLInputElement>(null);
  const isReading = useRef(false);

  useEffect(() => {
    list.open(filter);
    document.title = filter.sessionId ? 'Session · Throughline' : 'Traces · Throughline';
  }, [filter]);

  // New traces come in by themselves only while nobody reads: at the top, pointer and keyboard elsewhere.
  useEffect(() => onStoreChange(() => void list.refresh(() => !isReading.current && window.scrollY < 8)), []);

  const choices = useComputed(() => choicesOf(list.shown.value));
  useHotkeys({
    n: list.showWaiting,
    '/': () => nameField.current?.focus(),
    a: () => attributeField.current?.focus(),
  });

  const shown = list.shown.value;
  const rows = filter.sessionId ? [...shown].reverse() : shown;
  const isEmpty = rows.length === 0 && !list.isLoading.value;
  return (
    <main class="list-page">
      <h1 class="spoken">Traces</h1>
      <FilterBar filter={filter} choices={choices.value} nameField={nameField} attributeField={attributeField} />
      {filter.sessionId ? <SessionStrip sessionId={filter.sessionId} traces={rows} /> : null}
      {list.waiting.value.length > 0 ? (
        <button type="button" class="new-traces" onClick={list.showWaiting}>
          {formatPlural(list.waiting.value.length, 'new trace')} <kbd>n</kbd>
        </button>
      ) : null}
      <span class="spoken" role="status">
        {list.isLoading.value ? 'Loading traces' : formatPlural(rows.length, 'trace')}
      </span>
      {list.problem.value ? (
        <ProblemView problem={list.problem.value} retry={list.reload} />
      ) : isEmpty ? (
        <EmptyList isFiltered={countConditions(filter) > 0} />
      ) : (
        <TraceTable
          traces={rows}
          isBusy={list.isLoading.value}
          onReading={(reading) => {
            isReading.current = reading;
          }}
        />
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

function choicesOf(traces: readonly TraceSummary[]): FilterChoices {
  const browsers = traces.map(({ browser }) => browser);
  return {
    services: distinct(traces.flatMap(({ services }) => services)),
    routes: distinct(traces.map(({ route }) => route)),
    // The family alone first: one asks for all of Safari before one version of it.
    browsers: distinct([...browsers.map((browser) => browser.replace(/ \d+$/, '')), ...browsers]),
    countries: distinct(traces.map(({ country }) => country)),
    releases: distinct(traces.map(({ release }) => release)),
  };
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values.filter(Boolean))].sort().slice(0, 200);
}
