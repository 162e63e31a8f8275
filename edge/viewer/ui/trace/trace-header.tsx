import { useSignal } from '@preact/signals';
import { ATTR_SESSION_ID } from '../../../../src/wire/names.ts';
import type { TraceView } from '../../../trace/trace-view.ts';
import { sessionAddress } from '../../model/address.ts';
import { textOf } from '../../model/attribute-text.ts';
import { countErrors, countOrphans, listServices } from '../../model/describe-trace.ts';
import { formatClock, formatCount, formatDay, formatDuration, formatPlural } from '../../model/format.ts';
import { LAYERS, spanAt } from '../../model/trace-model.ts';
import { shorten, visibleLine } from '../../model/visible-text.ts';
import { CopyButton } from '../copy-button.tsx';
import { openedFile } from '../file/opened-file.ts';
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
  const sessionId =
    textOf(root.attributes[ATTR_SESSION_ID]) || textOf(view.resources[root.resource]?.attributes[ATTR_SESSION_ID]);
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
            <a class="button" href={sessionAddress(sessionId)} title="All traces of this session">
              <Icon name="clock" />
              Session
            </a>
          ) : null}
          <CopyButton text={view.traceId} label="Copy the trace id">
            Trace id
          </CopyButton>
          {openedFile.value?.views.has(view.traceId) ? null : (
            <button type="button" class="button quiet" onClick={save} title="Save as OTLP/JSON">
              <Icon name="download" />
              OTLP
            </button>
          )}
        </div>
      </div>
      <p class="trace-facts">
        <time dateTime={new Date(model.originMs).toISOString()}>
          {formatDay(model.originMs)} {formatClock(model.originMs)}
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
      <Notes notes={notesOf(view, orphans)} />
    </header>
  );
}

function notesOf({ hasRoot, warnings, spans }: TraceView, orphans: number): string[] {
  const notes = warnings.map(visibleLine);
  if (orphans > 0) {
    const who = orphans === 1 ? '1 span names a parent that is' : `${formatCount(orphans)} spans name parents that are`;
    notes.unshift(`${who} not here: not sampled, lost, or still to come.`);
  }
  if (spans.some(({ provisional }) => provisional)) {
    notes.unshift(
      'The page has not reported its root span: it does so last, and not at all when it was killed. The page view shown is made of the spans that came; this view fills in by itself.',
    );
  } else if (!hasRoot)
    notes.unshift('The root span has not arrived yet: a page reports it last. This view fills in by itself.');
  return notes;
}

/** What to know before trusting the picture: one line, and more of them on demand. */
function Notes({ notes }: { notes: readonly string[] }) {
  const [first, ...more] = notes;
  if (first === undefined) return null;
  if (more.length === 0) return <p class="note">{first}</p>;
  return (
    <details class="note">
      <summary>
        {first} <span class="muted">and {formatPlural(more.length, 'more note')}</span>
      </summary>
      <ul class="note-list">
        {more.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </details>
  );
}
