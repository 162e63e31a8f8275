import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { formatPlural } from '../../model/format.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { Icon } from '../icons.tsx';
import { closeFile, fileProblem, openedFile, openFile } from './opened-file.ts';

/** Opens a file by button, and by dropping it anywhere. */
export function OpenFileButton() {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="button quiet"
        title="Open an OTLP/JSON file; dropping one anywhere does the same"
        onClick={() => field.current?.click()}
      >
        <Icon name="open" />
        <span class="wide-only">Open file</span>
      </button>
      <input
        ref={field}
        type="file"
        hidden
        accept=".json,.jsonl,.ndjson,application/json"
        aria-label="Trace file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file) void openFile(file);
        }}
      />
    </>
  );
}

/** The place to drop a file, shown while one is dragged over the page; and the line that says what is open. */
export function FileBar() {
  const isDragging = useSignal(false);
  useEffect(() => {
    const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const over = (event: DragEvent) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      isDragging.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) isDragging.value = false;
    };
    const drop = (event: DragEvent) => {
      const file = event.dataTransfer?.files[0];
      isDragging.value = false;
      if (!file) return;
      event.preventDefault();
      void openFile(file);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
    };
  }, []);
  const file = openedFile.value;
  return (
    <>
      {isDragging.value ? (
        <div class="drop-target" aria-hidden="true">
          Drop an OTLP/JSON file to open it here
        </div>
      ) : null}
      {file || fileProblem.value ? (
        <p class={fileProblem.value ? 'file-bar problem' : 'file-bar'} role="status">
          <span>
            {fileProblem.value
              ? visibleLine(fileProblem.value)
              : `${visibleLine(file?.name ?? '')}: ${formatPlural(file?.views.size ?? 0, 'trace')}, read here and sent nowhere`}
            {file && !fileProblem.value && file.skipped > 0 ? `; ${formatPlural(file.skipped, 'record')} left out` : ''}
          </span>
          <button type="button" class="button quiet" onClick={closeFile}>
            <Icon name="close" />
            Close
          </button>
        </p>
      ) : null}
    </>
  );
}
