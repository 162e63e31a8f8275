import { useSignal } from '@preact/signals';
import { ATTR_SESSION_ID } from '../../../../src/wire/names.ts';
import { countErrors, countOrphans, listServices } from '../../model/describe-trace.ts';
import { formatClock, formatCount, formatDay, formatDuration, formatPlural } from '../../model/format.ts';
import { LAYERS, spanAt } from '../../model/trace-model.ts';
import { shorten, visibleLine } from '../../model/visible-text.ts';
import { CopyButton } from '../copy-button.tsx';
import { Icon, LAYER_NAMES, LayerMark } from '../icons.tsx';
import { PathShares } from './path-shares.tsx';
import { saveOtlp } from './save-otlp.ts';
import type { TraceState } from './trace-page-store.ts';
import { VitalCards } from './vital-cards.tsx';

/** What the trace is, at a glance: name, time, services, errors, vitals, where the time went, and what to do with it. */
export function TraceHeader({ state }: { state: TraceState }) {
  const model = state.model.value;
  const { view } = model;
  const saveProblem = useSignal('');
  if (model.count === 0) return <h1>Trace without spans</h1>;
  const root = spanAt(model, model.root);
  const errors = countErrors(model);
  const orphans = countOrphans(model);
  const sessionId = String(
    root.attributes[ATTR_SESSION_ID] ?? view.resources[root.resource]?.attributes[ATTR_SESSION_ID] ?? '',
  );
  const save = async () => {
    saveProblem.value = await saveOtlp(view.traceId);
  };
  return (
    <header class="trace-header">
      <div class="trace-title">
        <h1>
          <LayerMark layer={root.layer} />
          <span>{visibleLine(root.name) || '(no name)'}</span>
          <span class="trace-duration">{formatDuration(root.durationMs)}</span>
        </h1>
        <div class="trace-actions">
          {sessionId ? (
            <a class="button" href={`/?sessionId=${encodeURIComponent(sessionId)}`} title="All traces of this session">
              <Icon name="clock" />
              Session
            </a>
          ) : null}
          <CopyButton text={view.traceId} label="Copy the trace id">
            Trace id
          </CopyButton>
          <button type="button" class="button quiet" onClick={save} title="Save as OTLP/JSON">
            <Icon name="download" />
            OTLP
          </button>
        </div>
      </div>
      <p class="trace-facts">
        <time dateTime={new Date(view.startMs).toISOString()}>
          {formatDay(view.startMs)} {formatClock(view.startMs)}
        </time>
        <span>{formatPlural(model.count, 'span')}</span>
        {errors > 0 ? (
          <button
            type="button"
            class="fact-errors"
            onClick={() => state.selectNext(state.errorSlots(), 1)}
            title="Next error (e)"
          >
            <Icon name="close" />
            {formatPlural(errors, 'error')}
          </button>
        ) : (
          <span>no errors</span>
        )}
        {listServices(model).map(({ service, layer, spans }) => (
          <span key={service} class="fact-service" title={`${LAYER_NAMES[LAYERS[layer] ?? 'backend']}, ${spans} spans`}>
            <LayerMark layer={LAYERS[layer] ?? 'backend'} />
            {shorten(visibleLine(service), 60)} <span class="muted">{formatCount(spans)}</span>
          </span>
        ))}
      </p>
      <div class="trace-glance">
        <PathShares path={state.path.value} />
        <VitalCards state={state} />
      </div>
      {saveProblem.value ? (
        <p class="note" role="alert">
          {saveProblem.value}
        </p>
      ) : null}
      {view.hasRoot ? null : (
        <p class="note">The root span has not arrived yet: a page reports it last. This view fills in by itself.</p>
      )}
      {orphans > 0 ? (
        <p class="note">
          {formatPlural(orphans, 'span')} name a parent that is not here: it was not sampled, was lost, or is still to
          come.
        </p>
      ) : null}
      {view.warnings.map((warning) => (
        <p class="note" key={warning}>
          {visibleLine(warning)}
        </p>
      ))}
    </header>
  );
}
