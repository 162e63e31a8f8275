import { formatVital, readVitals, VITAL_TITLES } from '../../model/web-vitals.ts';
import { RATING_CLASS, RatingMark } from '../icons.tsx';
import type { TraceState } from './trace-page-store.ts';

/** The page view's vitals with their ratings in words; a click goes to the span a vital belongs to. */
export function VitalCards({ state }: { state: TraceState }) {
  const vitals = readVitals(state.model.value.view);
  if (vitals.length === 0) return null;
  return (
    <ul class="vital-cards" aria-label="Web vitals">
      {vitals.map(({ name, value, rating, event }) => (
        <li key={name}>
          <button
            type="button"
            class={`vital-card ${RATING_CLASS[rating]}`}
            title={VITAL_TITLES[name]}
            onClick={() => state.select(state.model.peek().slotOf.get(event.spanId) ?? -1)}
          >
            <span class="vital-name">{name.toUpperCase()}</span>
            <span class="vital-value">{formatVital(name, value)}</span>
            <span class="vital-rating">
              <RatingMark rating={rating} />
              {rating}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
