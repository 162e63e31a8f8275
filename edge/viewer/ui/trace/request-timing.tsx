import { ATTR_TIMING_OPAQUE } from '../../../../src/wire/names.ts';
import { formatDuration } from '../../model/format.ts';
import { phaseTitle, readHop, readPhases } from '../../model/request-phases.ts';
import { spanAt } from '../../model/trace-model.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { LayerMark } from '../icons.tsx';
import type { TraceState } from './trace-page-store.ts';

/** How a request spent its time: the phases the browser saw, and the way to the service that answered and back. */
export function RequestTiming({ state, slot }: { state: TraceState; slot: number }) {
  const model = state.model.value;
  const span = spanAt(model, slot);
  const phases = readPhases(span);
  const hop = readHop(model, slot);
  if (phases.length === 0 && !hop && span.attributes[ATTR_TIMING_OPAQUE] !== true) return null;
  const totalMs = Math.max(span.durationMs, ...phases.map(({ toMs }) => toMs), 0.001);
  return (
    <section class="details-section">
      <h3>Timing</h3>
      {span.attributes[ATTR_TIMING_OPAQUE] === true ? (
        <p class="note">
          The server hides the phases of this request: it sends no Timing-Allow-Origin. They are unknown, not zero.
        </p>
      ) : null}
      {phases.length > 0 ? (
        <table class="phases">
          <tbody>
            {phases.map(({ name, fromMs, toMs }) => (
              <tr key={name}>
                <th scope="row">{phaseTitle(name)}</th>
                <td class="phase-track" aria-hidden="true">
                  <span
                    class={`phase-bar phase-${name === 'body' ? 'body' : name === 'wait' ? 'wait' : 'before'}`}
                    style={{ left: `${(100 * fromMs) / totalMs}%`, width: `${(100 * (toMs - fromMs)) / totalMs}%` }}
                  />
                </td>
                <td class="number">{formatDuration(toMs - fromMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {hop ? (
        <p class="hop">
          <span>
            on the way <strong class="number">{formatDuration(hop.outMs)}</strong>
          </span>
          <button type="button" class="button" onClick={() => state.select(hop.server)}>
            <LayerMark layer={spanAt(model, hop.server).layer} />
            {visibleLine(spanAt(model, hop.server).service)}{' '}
            <strong class="number">{formatDuration(spanAt(model, hop.server).durationMs)}</strong>
          </button>
          <span>
            back <strong class="number">{formatDuration(hop.backMs)}</strong>
          </span>
        </p>
      ) : null}
    </section>
  );
}
