import type { CriticalPath } from '../../model/critical-path.ts';
import { formatDuration } from '../../model/format.ts';
import { LAYERS } from '../../model/trace-model.ts';
import { LAYER_NAMES, LayerMark } from '../icons.tsx';

/** Where the time went: the layers' shares of the critical path, as one bar and in words. */
export function PathShares({ path }: { path: CriticalPath }) {
  const total = path.layerMs.reduce((sum, ms) => sum + ms, 0);
  if (total <= 0) return null;
  const shares = LAYERS.map((layer, index) => ({ layer, ms: path.layerMs[index] as number })).filter(
    ({ ms }) => ms > 0,
  );
  return (
    <section class="path-shares" aria-label="Where the time went">
      <div class="shares-bar" aria-hidden="true">
        {shares.map(({ layer, ms }) => (
          <span key={layer} class={`bar-fill layer-${layer}`} style={{ flexGrow: String(ms / total) }} />
        ))}
      </div>
      <p>
        <span class="muted">Critical path</span>
        {shares.map(({ layer, ms }) => (
          <span key={layer} class="share">
            <LayerMark layer={layer} />
            {LAYER_NAMES[layer]} <span class="number">{formatDuration(ms)}</span>
            <span class="muted number">{Math.round((100 * ms) / total)} %</span>
          </span>
        ))}
      </p>
    </section>
  );
}
