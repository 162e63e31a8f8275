import { signal } from '@preact/signals';
import type { TraceView } from '../../../trace/trace-view.ts';
import { navigate } from '../location.ts';

export interface OpenedFile {
  name: string;
  views: ReadonlyMap<string, TraceView>;
  skipped: number;
}

/** The file the person opened, if any: its traces are shown instead of the collector's until it is closed. */
export const openedFile = signal<OpenedFile | undefined>(undefined);
/** Why the last file could not be opened. */
export const fileProblem = signal('');

/** Reads a file and goes to its trace, or to the list of them. Nothing of it leaves the page. */
export async function openFile(file: File): Promise<void> {
  fileProblem.value = '';
  try {
    // The decoder comes only now: most visits never open a file.
    const [{ readTraceFile }, content] = await Promise.all([import('../../model/read-trace-file.ts'), file.text()]);
    const { views, skipped } = readTraceFile(content);
    const [first] = views;
    if (!first) {
      fileProblem.value = `${file.name} holds no spans. The viewer opens OTLP/JSON: an object with resourceSpans.`;
      return;
    }
    openedFile.value = { name: file.name, views: new Map(views.map((view) => [view.traceId, view])), skipped };
    navigate(views.length === 1 ? `/traces/${first.traceId}` : '/');
  } catch (error) {
    fileProblem.value = `${file.name} could not be opened. ${error instanceof Error ? error.message : String(error)}`;
  }
}

export function closeFile(): void {
  openedFile.value = undefined;
  fileProblem.value = '';
  navigate('/');
}
