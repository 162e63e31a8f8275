import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type AgentAccount, lossLine } from '../../model/loss-account.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { fetchLosses } from '../api.ts';
import { onStoreChange } from '../live.ts';

/** What became of all the pages of a session made, in one line. */
export function SessionAccount({ sessionId }: { sessionId: string }) {
  const account = useSignal<AgentAccount>({});
  useEffect(() => {
    const load = async () => {
      try {
        account.value = (await fetchLosses(sessionId)).agents ?? {};
      } catch {
        account.value = {}; // expected: an older collector, or none; the list itself says what is wrong
      }
    };
    void load();
    return onStoreChange(() => void load());
  }, [sessionId]);
  const line = lossLine(account.value);
  if (line === '') return null;
  return <p class={account.value.unknownLoss ? 'session-account bad' : 'session-account muted'}>{visibleLine(line)}</p>;
}
