import { formatVital, rateVital, type VitalName } from '../../model/web-vitals.ts';
import { RATING_CLASS, RatingMark, Spoken } from '../icons.tsx';

/** One web vital in the list: value, and its rating by shape and colour; a dash when it was not reported. */
export function VitalCell({ name, value }: { name: VitalName; value: number | undefined }) {
  if (value === undefined) return <span class="absent">–</span>;
  const rating = rateVital(name, value);
  return (
    <span class={`vital ${RATING_CLASS[rating]}`} title={`${name.toUpperCase()}: ${rating}`}>
      <RatingMark rating={rating} />
      <span class="vital-value">{formatVital(name, value)}</span>
      <Spoken>, {rating}</Spoken>
    </span>
  );
}
