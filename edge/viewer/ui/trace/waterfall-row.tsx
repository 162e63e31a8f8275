import { Component } from 'preact';
import { formatCount, formatDuration } from '../../model/format.ts';
import { readPhases } from '../../model/request-phases.ts';
import { spanHint } from '../../model/span-hint.ts';
import { shareOf, type TimeWindow } from '../../model/time-scale.ts';
import {
  FLAG_ERROR,
  FLAG_ERROR_BELOW,
  FLAG_ORPHAN,
  isException,
  spanAt,
  type TraceModel,
} from '../../model/trace-model.ts';
import { shorten, visibleLine } from '../../model/visible-text.ts';
import { LAYER_NAMES } from '../icons.tsx';
import { ROW_PX } from './waterfall-geometry.ts';

/** Deeper levels share the last indent: the name must keep its room. */
const MAX_INDENT = 16;
const MAX_NAME_CHARS = 200;
/** Dots drawn on one bar. */
const MAX_EVENT_MARKS = 20;

interface WaterfallRowProps {
  model: TraceModel;
  slot: number;
  row: number;
  window: TimeWindow;
  /** Room a bar's label needs, as a share of the timeline's width. */
  labelShare: number;
  isSelected: boolean;
  isMatch: boolean;
  isDimmed: boolean;
  isCollapsed: boolean;
}

/** One span. Drawn again only when something it shows has changed, so that scrolling costs the rows that come into sight. */
export class WaterfallRow extends Component<WaterfallRowProps> {
  override shouldComponentUpdate(next: WaterfallRowProps): boolean {
    const now = this.props;
    return (
      next.slot !== now.slot ||
      next.row !== now.row ||
      next.model !== now.model ||
      next.window !== now.window ||
      next.labelShare !== now.labelShare ||
      next.isSelected !== now.isSelected ||
      next.isMatch !== now.isMatch ||
      next.isDimmed !== now.isDimmed ||
      next.isCollapsed !== now.isCollapsed
    );
  }

  render({ model, slot, row, window, labelShare, isSelected, isMatch, isDimmed, isCollapsed }: WaterfallRowProps) {
    const span = spanAt(model, slot);
    const flags = model.flags[slot] as number;
    const depth = model.depth[slot] as number;
    const children = model.childCount[slot] as number;
    const above = model.parent[slot] as number;
    const isServiceNew = above === -1 || spanAt(model, above).service !== span.service;
    const hasError = (flags & FLAG_ERROR) !== 0;
    const hidesError = isCollapsed && (flags & FLAG_ERROR_BELOW) !== 0;
    const name = shorten(visibleLine(span.name), MAX_NAME_CHARS) || '(no name)';
    const hint = visibleLine(spanHint(span));
    const indent = Math.min(depth, MAX_INDENT);
    const rowClass = `row${isSelected ? ' selected' : ''}${isMatch ? ' match' : ''}${isDimmed ? ' dimmed' : ''}`;
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row
      // biome-ignore lint/a11y/useSemanticElements: rows of a virtual tree grid are placed, a <tr> is not
      <div
        id={`span-${slot}`}
        class={rowClass}
        role="row"
        data-slot={slot}
        aria-rowindex={row + 1}
        aria-level={depth + 1}
        aria-selected={isSelected}
        aria-expanded={children > 0 ? !isCollapsed : undefined}
        style={{ top: `${row * ROW_PX}px` }}
      >
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row */}
        {/* biome-ignore lint/a11y/useSemanticElements: cells of a virtual tree grid are placed, a <td> is not */}
        <div
          class="row-name"
          role="gridcell"
          aria-label={`${LAYER_NAMES[span.layer]}, ${visibleLine(span.service)}: ${name}${hasError ? ', failed' : hidesError ? ', an error below' : ''}`}
          style={{ '--indent': String(indent) }}
        >
          <span class="row-toggle">{children === 0 ? '' : isCollapsed ? '▸' : '▾'}</span>
          <span class={`row-layer layer-${span.layer}`} />
          {isServiceNew ? <span class="row-service">{shorten(visibleLine(span.service), 40)}</span> : null}
          <span class="row-text">{name}</span>
          {hint ? <span class="row-hint">{hint}</span> : null}
          {isCollapsed ? <span class="row-hidden">+{formatCount((model.end[slot] as number) - slot - 1)}</span> : null}
          {span.provisional ? (
            <span class="row-tag" title="The page has not reported it: made of the spans below">
              provisional
            </span>
          ) : null}
          {(flags & FLAG_ORPHAN) !== 0 ? (
            <span class="row-tag" title="Its parent is not in the trace">
              orphan
            </span>
          ) : null}
          {hasError || hidesError ? <span class={hasError ? 'row-error' : 'row-error below'}>✕</span> : null}
        </div>
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row */}
        {/* biome-ignore lint/a11y/useSemanticElements: cells of a virtual tree grid are placed, a <td> is not */}
        <div class="row-time" role="gridcell">
          <SpanBar model={model} slot={slot} window={window} labelShare={labelShare} hasError={hasError} />
        </div>
      </div>
    );
  }
}

interface SpanBarProps {
  model: TraceModel;
  slot: number;
  window: TimeWindow;
  /** Room a bar's label needs, as a share of the timeline's width. */
  labelShare: number;
  hasError: boolean;
}

function SpanBar({ model, slot, window, labelShare, hasError }: SpanBarProps) {
  const span = spanAt(model, slot);
  const startMs = model.startMs[slot] as number;
  const endMs = model.endMs[slot] as number;
  const from = shareOf(window, startMs);
  const to = shareOf(window, endMs);
  const text = formatDuration(endMs - startMs);
  if (to < 0 || from > 1) {
    return <span class={to < 0 ? 'bar-away before' : 'bar-away after'}>{to < 0 ? '←' : '→'}</span>;
  }
  // Beyond the edges there is nothing to see, and a browser draws boxes of millions of pixels badly.
  const left = Math.max(0, from);
  const right = Math.min(1, to);
  const phases = readPhases(span);
  const marks = (model.eventsOf.get(slot) ?? []).slice(0, MAX_EVENT_MARKS);
  const labelClass = to <= 1 - labelShare ? 'after' : from >= labelShare ? 'before' : 'inside';
  return (
    <>
      <span
        class={`bar layer-${span.layer}${hasError ? ' failed' : ''}${phases.length > 0 ? ' phased' : ' bar-fill'}`}
        style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }}
      >
        {phases.map((phase) => {
          const phaseFrom = Math.max(left, shareOf(window, startMs + phase.fromMs));
          const phaseTo = Math.min(right, shareOf(window, startMs + phase.toMs));
          if (phaseTo <= phaseFrom) return null;
          const width = right - left;
          return (
            <span
              key={phase.name}
              class={`phase phase-${phase.name === 'body' ? 'body' : phase.name === 'wait' ? 'wait' : 'before'} ${phase.name === 'body' ? 'bar-fill' : ''}`}
              style={{
                left: `${((phaseFrom - left) / width) * 100}%`,
                width: `${((phaseTo - phaseFrom) / width) * 100}%`,
              }}
            />
          );
        })}
      </span>
      {marks.map((event, index) => {
        const at = shareOf(window, event.timeMs - model.originMs);
        if (at < 0 || at > 1) return null;
        const kind = isException(event) ? 'event-mark exception' : 'event-mark';
        return <span key={index} class={kind} style={{ left: `${at * 100}%` }} />;
      })}
      <span
        class={`bar-label ${labelClass}`}
        style={
          labelClass === 'after'
            ? { left: `${right * 100}%` }
            : labelClass === 'before'
              ? { right: `${(1 - left) * 100}%` }
              : { left: `${Math.max(0, left) * 100}%` }
        }
      >
        {text}
      </span>
    </>
  );
}
