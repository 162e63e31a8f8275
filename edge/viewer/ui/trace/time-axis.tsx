import { formatTick } from '../../model/format.ts';
import { placeFlags } from '../../model/place-flags.ts';
import { shareOf, ticks } from '../../model/time-scale.ts';
import { shorten, visibleLine } from '../../model/visible-text.ts';
import { Icon, RATING_CLASS, RatingMark, Spoken } from '../icons.tsx';
import type { TraceState } from './trace-page-store.ts';

const TICK_PX = 110;
/** Room a tick's text needs to its right; with less it stands to the left. */
const TICK_TEXT_PX = 52;
const FLAG_LEVELS = 3;
/** At most so many flags: beyond that they would hide each other, and the rows show the rest. */
const MAX_FLAGS = 40;
const CHAR_PX = 6.6;
const FLAG_PADDING_PX = 28;

function shownTicks(state: TraceState, timePx: number) {
  return ticks(state.window.value, Math.max(2, Math.floor(timePx / TICK_PX)));
}

function shownMarkers(state: TraceState) {
  const window = state.window.value;
  const { durationMs } = state.model.value;
  return state.markers.value
    .map((marker) => ({
      marker,
      // What came after the last span (a vital at page hide) stands at the end, not in a void beyond it.
      share: shareOf(window, Math.min(marker.atMs, durationMs)),
    }))
    .filter(({ share }) => share >= -0.0001 && share <= 1.0001)
    .slice(0, MAX_FLAGS);
}

/** Head of the timeline: ticks, and above them a flag for each web vital and exception in sight. */
export function TimeAxis({ state, timePx }: { state: TraceState; timePx: number }) {
  const { stepMs, atMs } = shownTicks(state, timePx);
  const shown = shownMarkers(state);
  const texts = shown.map(({ marker }) =>
    marker.kind === 'vital' ? `${marker.label} ${marker.value}` : shorten(visibleLine(marker.label), 28),
  );
  const places = placeFlags(
    shown.map(({ share }, index) => ({ share, widthPx: (texts[index]?.length ?? 0) * CHAR_PX + FLAG_PADDING_PX })),
    timePx,
    FLAG_LEVELS,
  );
  const levels = places.reduce((most, { level }) => Math.max(most, level + 1), 0);
  return (
    <div class="axis" style={{ '--flag-levels': String(levels) }}>
      <span class="axis-title">Span</span>
      <div class="axis-time">
        {shown.map(({ marker }, index) => (
          <button
            key={index}
            type="button"
            class={`flag ${marker.kind} ${marker.rating ? RATING_CLASS[marker.rating] : ''}`}
            style={{ left: `${places[index]?.leftPx}px`, '--level': String(places[index]?.level) }}
            title={visibleLine(
              marker.rating ? `${marker.label}: ${marker.rating}` : `${marker.label}: ${marker.value}`,
            )}
            onClick={() => state.select(marker.slot)}
          >
            {marker.rating ? <RatingMark rating={marker.rating} /> : <Icon name="close" />}
            {texts[index]}
            {marker.rating ? <Spoken>, {marker.rating}</Spoken> : null}
          </button>
        ))}
        {atMs.map((ms) => {
          const share = shareOf(state.window.value, ms);
          const isAtEnd = (1 - share) * timePx < TICK_TEXT_PX;
          return (
            <span key={ms} class={isAtEnd ? 'tick at-end' : 'tick'} style={{ left: `${share * 100}%` }}>
              {formatTick(ms, stepMs, state.window.value.toMs)}
            </span>
          );
        })}
      </div>
    </div>
  );
}

/** Lines under the rows: a hair at each tick, a dashed one at each marker. */
export function TimeLines({ state, timePx }: { state: TraceState; timePx: number }) {
  return (
    <div class="time-lines" role="presentation">
      {shownTicks(state, timePx).atMs.map((ms) => (
        <span key={ms} class="tick-line" style={{ left: `${shareOf(state.window.value, ms) * 100}%` }} />
      ))}
      {shownMarkers(state).map(({ marker, share }, index) => (
        <span
          key={index}
          class={`marker-line ${marker.kind} ${marker.rating ? RATING_CLASS[marker.rating] : ''}`}
          style={{ left: `${share * 100}%` }}
        />
      ))}
    </div>
  );
}
