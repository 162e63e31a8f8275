import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { visibleLine } from '../../model/visible-text.ts';
import { fetchTrace, type Problem, problemOf } from '../api.ts';
import { openedFile } from '../file/opened-file.ts';
import { onStoreChange } from '../live.ts';
import { navigate, withParameter } from '../location.ts';
import { ProblemView } from '../problem-view.tsx';
import { TraceDocument } from './trace-document.tsx';
import { createTraceState, type TraceState } from './trace-page-store.ts';

/** Between two looks at a trace that may still grow. */
const REFRESH_MS = 1500;
/** Later than this after its start, or beyond this size, an open trace is not asked for again by itself. */
const GROWING_MS = 15 * 60_000;
const MAX_REFRESHED_SPANS = 5000;

/** One trace: fetches it, keeps it current while it grows, keeps the selected span in the address. */
export function TracePage({ traceId }: { traceId: string }) {
  const state = useSignal<TraceState | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const lastMs = useRef(0);

  const load = async (stop?: AbortSignal) => {
    lastMs.current = Date.now();
    try {
      const view = openedFile.peek()?.views.get(traceId) ?? (await fetchTrace(traceId, stop));
      if (state.peek()) state.peek()?.update(view);
      else {
        const created = createTraceState(view);
        const wanted = new URLSearchParams(window.location.search).get('span');
        const slot = wanted === null ? undefined : created.model.peek().slotOf.get(wanted);
        if (slot !== undefined) created.select(slot);
        state.value = created;
      }
      problem.value = undefined;
      document.title = `${visibleLine(view.spans[0]?.name ?? 'Trace')} · Throughline`;
    } catch (error) {
      if (!stop?.aborted && !state.peek()) problem.value = problemOf(error);
    }
  };

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    void load(stop.signal);
    const unsubscribe = onStoreChange(() => {
      const model = state.peek()?.model.peek();
      const isGrowing =
        !model || (model.count <= MAX_REFRESHED_SPANS && Date.now() - model.originMs - model.durationMs < GROWING_MS);
      if (!isGrowing || timer !== undefined) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          void load(stop.signal);
        },
        Math.max(0, lastMs.current + REFRESH_MS - Date.now()),
      );
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
      unsubscribe();
    };
  }, [traceId]);

  const selected = state.value?.selected.value ?? -1;
  useEffect(() => {
    const span = selected === -1 ? undefined : state.peek()?.model.peek().view.spans[selected]?.spanId;
    if (state.peek()) navigate(withParameter('span', span), { replace: true });
  }, [selected, state.value]);

  if (problem.value) {
    return (
      <main>
        <ProblemView problem={problem.value} retry={() => void load()} />
      </main>
    );
  }
  if (!state.value) {
    return (
      <main class="loading" aria-busy="true">
        <p role="status">Loading the trace…</p>
      </main>
    );
  }
  return <TraceDocument state={state.value} />;
}
