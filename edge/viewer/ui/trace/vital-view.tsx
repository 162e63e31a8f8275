import { explainVital } from '../../model/explain-vital.ts';
import { formatDuration } from '../../model/format.ts';
import { safeLink } from '../../model/safe-link.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { formatVital, VITAL_TITLES, type Vital } from '../../model/web-vitals.ts';
import { RATING_CLASS, RatingMark } from '../icons.tsx';

/** A web vital in the details: its rating in words, what it is made of, what it happened to. */
export function VitalView({ vital }: { vital: Vital }) {
  const { parts, target, url } = explainVital(vital);
  const total = parts.reduce((sum, { ms }) => sum + ms, 0);
  const link = safeLink(url);
  return (
    <section class="vital-view">
      <h3 class={RATING_CLASS[vital.rating]}>
        <RatingMark rating={vital.rating} />
        <abbr title={VITAL_TITLES[vital.name]}>{vital.name.toUpperCase()}</abbr>
        <span class="number">{formatVital(vital.name, vital.value)}</span>
        <span class="rating-word">{vital.rating}</span>
      </h3>
      {parts.length > 1 ? (
        <table class="phases">
          <tbody>
            {parts.map(({ title, ms }, index) => {
              const before = parts.slice(0, index).reduce((sum, part) => sum + part.ms, 0);
              return (
                <tr key={title}>
                  <th scope="row">{title}</th>
                  <td class="phase-track" aria-hidden="true">
                    <span
                      class="phase-bar phase-body"
                      style={{ left: `${(100 * before) / total}%`, width: `${(100 * ms) / total}%` }}
                    />
                  </td>
                  <td class="number">{formatDuration(ms)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      ) : null}
      {target ? (
        <p class="vital-target">
          <code>{visibleLine(target)}</code>
        </p>
      ) : null}
      {url ? (
        <p class="vital-target">
          {link === undefined ? (
            visibleLine(url)
          ) : (
            <a href={link} target="_blank" rel="noopener noreferrer nofollow">
              {visibleLine(url)}
            </a>
          )}
        </p>
      ) : null}
    </section>
  );
}
