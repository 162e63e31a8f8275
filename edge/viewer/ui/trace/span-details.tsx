import type { EventView, LinkView } from '../../../trace/trace-view.ts';
import { traceAddress } from '../../model/address.ts';
import { formatClock, formatDuration, formatPlural } from '../../model/format.ts';
import { FLAG_ORPHAN, isException, spanAt } from '../../model/trace-model.ts';
import { visibleLine, visibleText } from '../../model/visible-text.ts';
import { readVital } from '../../model/web-vitals.ts';
import { CopyButton } from '../copy-button.tsx';
import { Icon, LAYER_NAMES, LayerMark } from '../icons.tsx';
import { AttributeTable } from './attribute-table.tsx';
import { ExceptionView } from './exception-view.tsx';
import { RequestTiming } from './request-timing.tsx';
import type { TraceState } from './trace-page-store.ts';
import { VitalView } from './vital-view.tsx';

const KIND_NAMES = {
  unspecified: 'span',
  internal: 'internal',
  server: 'server',
  client: 'client',
  producer: 'producer',
  consumer: 'consumer',
} as const;

/** Everything known of the selected span. */
export function SpanDetails({ state, slot }: { state: TraceState; slot: number }) {
  const model = state.model.value;
  if (slot >= model.count) return null;
  const span = spanAt(model, slot);
  const resource = model.view.resources[span.resource];
  const events = model.eventsOf.get(slot) ?? [];
  const exceptions = events.filter(isException);
  const vitals = events.flatMap((event) => readVital(event) ?? []);
  const others = events.filter((event) => !isException(event) && !readVital(event));
  return (
    <aside
      class="span-details"
      id="span-details"
      tabIndex={-1}
      aria-label="Details of the span"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        event.preventDefault();
        document.querySelector<HTMLElement>('[role=treegrid]')?.focus();
      }}
    >
      <header class="details-head">
        <h2>
          <LayerMark layer={span.layer} />
          <span>{visibleLine(span.name) || '(no name)'}</span>
        </h2>
        <button type="button" class="button quiet" aria-label="Close the details" onClick={() => state.select(-1)}>
          <Icon name="close" />
        </button>
        <p class="details-sub">
          {visibleLine(span.service)} · {LAYER_NAMES[span.layer]} · {KIND_NAMES[span.kind] ?? 'span'}
        </p>
      </header>
      <dl class="facts">
        <dt>Duration</dt>
        <dd>
          <strong class="number">{formatDuration(span.durationMs)}</strong>
          {ownTime(state, slot)}
        </dd>
        <dt>Start</dt>
        <dd class="number">
          +{formatDuration(model.startMs[slot] as number)} <span class="muted">{formatClock(span.startMs)}</span>
        </dd>
        <dt>Status</dt>
        <dd>
          {span.status === 'error' ? (
            <span class="status-error">
              <Icon name="close" /> error
            </span>
          ) : (
            span.status
          )}
          {span.statusMessage ? <span class="status-message"> {visibleText(span.statusMessage)}</span> : null}
        </dd>
        <dt>Sent by</dt>
        <dd>
          {span.trust === 'public' ? (
            <span title="Sent with a page’s key, which anybody can read out of the page">
              a page <span class="tag">public</span>
            </span>
          ) : (
            <span title="Sent with a secret key, or from the collector’s own machine">
              a service <span class="tag trusted">trusted</span>
            </span>
          )}
        </dd>
        <dt>Span id</dt>
        <dd>
          <code>{visibleLine(span.spanId)}</code> <CopyButton text={span.spanId} label="Copy the span id" />
        </dd>
      </dl>
      {span.shiftMs !== 0 || span.stretchMs !== 0 ? (
        <p class="note">
          Clock corrected:{' '}
          {span.shiftMs === 0
            ? ''
            : `moved by ${formatDuration(span.shiftMs)}; the sender wrote ${formatClock(span.startMs - span.shiftMs)}. `}
          {span.stretchMs === 0 ? '' : `Lengthened by ${formatDuration(span.stretchMs)}: its clock ticks in whole ms.`}
        </p>
      ) : null}
      {(model.flags[slot] as number) & FLAG_ORPHAN ? (
        <p class="note">
          Orphan: its parent <code>{visibleLine(span.parentSpanId)}</code> is not in this trace.
        </p>
      ) : null}
      {exceptions.map((event, index) => (
        <ExceptionView key={index} event={event} startMs={model.originMs} />
      ))}
      <RequestTiming state={state} slot={slot} />
      <AttributeTable title="Attributes" attributes={span.attributes} isOpen />
      {vitals.length > 0 ? (
        <section class="details-section">
          <h3>Web vitals</h3>
          {vitals.map((vital) => (
            <VitalView key={vital.event.timeMs + vital.name} vital={vital} />
          ))}
        </section>
      ) : null}
      {others.length > 0 ? <EventList events={others} startMs={model.originMs} /> : null}
      {span.links.length > 0 ? <LinkList links={span.links} /> : null}
      {resource ? <AttributeTable title="Resource" attributes={resource.attributes} /> : null}
      <p class="muted scope">Instrumented by {visibleLine(span.scope) || 'an unnamed scope'}</p>
    </aside>
  );
}

function ownTime(state: TraceState, slot: number) {
  const ownMs = state.path.value.ownMs.get(slot);
  if (ownMs === undefined) return null;
  return <span class="muted"> {formatDuration(ownMs)} of it on the critical path</span>;
}

function EventList({ events, startMs }: { events: readonly EventView[]; startMs: number }) {
  return (
    <section class="details-section">
      <h3>{formatPlural(events.length, 'event')}</h3>
      {events.map((event, index) => (
        <details key={index} class="event">
          <summary>
            <span class="number">+{formatDuration(event.timeMs - startMs)}</span>{' '}
            {visibleLine(event.name) || '(no name)'}
          </summary>
          {typeof event.body === 'string' && event.body !== '' ? (
            <p class="event-body">{visibleText(event.body)}</p>
          ) : null}
          <AttributeTable attributes={event.attributes} isOpen />
        </details>
      ))}
    </section>
  );
}

function LinkList({ links }: { links: readonly LinkView[] }) {
  return (
    <section class="details-section">
      <h3>{formatPlural(links.length, 'link')}</h3>
      {links.map((link) => (
        <div key={link.traceId + link.spanId} class="span-link">
          <a href={traceAddress(link.traceId, link.spanId)}>
            <Icon name="link" />
            <code>
              {visibleLine(link.traceId)} / {visibleLine(link.spanId)}
            </code>
          </a>
          <AttributeTable attributes={link.attributes} isOpen />
        </div>
      ))}
    </section>
  );
}
