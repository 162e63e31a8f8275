import { useEffect } from 'preact/hooks';
import { summariseTrace } from '../../model/summarise-trace.ts';
import { TraceTable } from '../list/trace-table.tsx';
import type { OpenedFile } from './opened-file.ts';

/** The traces of an opened file. */
export function FileListPage({ file }: { file: OpenedFile }) {
  useEffect(() => {
    document.title = `${file.name} · Throughline`;
  }, [file]);
  return (
    <main class="list-page">
      <h1 class="spoken">Traces of a file</h1>
      <TraceTable traces={[...file.views.values()].map(summariseTrace)} />
    </main>
  );
}
