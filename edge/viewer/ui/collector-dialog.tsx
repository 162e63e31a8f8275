import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { describeStats, type StatsGroup } from '../model/collector-stats.ts';
import { describeLosses } from '../model/loss-account.ts';
import { visibleLine } from '../model/visible-text.ts';
import { fetchLosses, fetchStats, type Problem, problemOf } from './api.ts';
import { onStoreChange } from './live.ts';
import { ProblemView } from './problem-view.tsx';

/** What the collector received, kept and refused, and what pages say became of what they made. */
export function CollectorDialog({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const groups = useSignal<StatsGroup[]>([]);
  const problem = useSignal<Problem | undefined>(undefined);
  const load = async () => {
    try {
      const [stats, losses] = await Promise.all([fetchStats(), fetchLosses()]);
      groups.value = [...describeStats(stats), ...describeLosses(losses)];
      problem.value = undefined;
    } catch (error) {
      problem.value = problemOf(error);
    }
  };
  useEffect(() => {
    dialog.current?.showModal();
    void load();
    return onStoreChange(() => void load());
  }, []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="collector-title" onClose={close}>
      <h2 id="collector-title">Collector</h2>
      {problem.value ? <ProblemView problem={problem.value} retry={() => void load()} /> : null}
      <div class="help-groups">
        {groups.value.map(({ title, rows }) => (
          <section key={title}>
            <h3>{title}</h3>
            <table class="stats">
              <tbody>
                {rows.map(({ name, value, isBad }) => (
                  <tr key={name} class={isBad ? 'bad' : ''}>
                    <th scope="row">{visibleLine(name)}</th>
                    <td class="number">{value}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ))}
      </div>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
