import { useState } from 'preact/hooks';
import { visibleLine } from '../model/visible-text.ts';
import { type Problem, setReadToken } from './api.ts';

/** What went wrong, and what to do about it. */
export function ProblemView({ problem, retry }: { problem: Problem; retry: () => void }) {
  if (problem.kind === 'token') return <TokenForm wasRefused={problem.wasRefused} retry={retry} />;
  const { title, advice } = explain(problem);
  return (
    <section class="notice" role="alert">
      <h2>{title}</h2>
      <p>{advice}</p>
      <p>
        <button type="button" class="button primary" onClick={retry}>
          Try again
        </button>{' '}
        {problem.kind === 'missing' ? (
          <a class="button" href="/">
            All traces
          </a>
        ) : null}
      </p>
    </section>
  );
}

function explain(problem: Exclude<Problem, { kind: 'token' }>): { title: string; advice: string } {
  switch (problem.kind) {
    case 'unreachable':
      return {
        title: 'The collector does not answer',
        advice: `Nothing came back from ${window.location.host}. Check that it runs (npx throughline), and that nothing between here and there blocks requests to /api.`,
      };
    case 'missing':
      return {
        title: 'No such trace',
        advice: `${visibleLine(problem.message) || 'Nothing is stored under this id.'} It may not have arrived yet, or its retention time is over.`,
      };
    case 'refused':
      return {
        title: problem.status >= 500 ? 'The collector failed' : 'The collector refused the request',
        advice: `It answered ${problem.status || 'nothing readable'}: ${visibleLine(problem.message) || 'no reason given'}.`,
      };
  }
}

function TokenForm({ wasRefused, retry }: { wasRefused: boolean; retry: () => void }) {
  const [token, setToken] = useState('');
  return (
    <section class="notice" role="alert">
      <h2>This collector asks for its read token</h2>
      <p>
        {wasRefused ? 'The token was not the right one. ' : ''}
        It is the value the collector was started with as <code>--read-token</code>. It is kept in this tab only.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setReadToken(token);
          retry();
        }}
      >
        <label class="field">
          <span>Read token</span>
          <input
            type="password"
            autocomplete="off"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>{' '}
        <button type="submit" class="button primary">
          Open
        </button>
      </form>
    </section>
  );
}
