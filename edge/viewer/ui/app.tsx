import { useSignal } from '@preact/signals';
import { CollectorDialog } from './collector-dialog.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { FileBar, OpenFileButton } from './file/file-drop.tsx';
import { FileListPage } from './file/file-list-page.tsx';
import { openedFile } from './file/opened-file.ts';
import { HelpDialog } from './help-dialog.tsx';
import { useHotkeys } from './hotkeys.ts';
import { Icon } from './icons.tsx';
import { TraceListPage } from './list/trace-list-page.tsx';
import { liveState, pauseLive, startLive } from './live.ts';
import { place, traceIdOf } from './location.ts';
import { nextTheme, theme } from './theme.ts';
import { TracePage } from './trace/trace-page.tsx';

const LIVE_TEXT = { connecting: 'Connecting', live: 'Live', paused: 'Paused', lost: 'Reconnecting' } as const;

/** The frame around every page: where one is, whether it is live, theme and help. */
export function App() {
  const { path, search } = place.value;
  const traceId = traceIdOf(path);
  const isHelpOpen = useSignal(false);
  const isCollectorOpen = useSignal(false);
  useHotkeys({
    '?': () => {
      isHelpOpen.value = true;
    },
    p: toggleLive,
  });
  return (
    <>
      <header class="top-bar">
        <a class="brand" href="/" aria-label="Throughline: all traces">
          <BrandMark />
          <span>Throughline</span>
        </a>
        <nav>
          <a href="/" {...(traceId === undefined ? { 'aria-current': 'page' } : {})}>
            Traces
          </a>
        </nav>
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            isCollectorOpen.value = true;
          }}
        >
          Collector
        </button>
        <span class="spacer" />
        <OpenFileButton />
        <button
          type="button"
          class={`button quiet live live-${liveState.value}`}
          aria-pressed={liveState.value !== 'paused'}
          title="Live update (p)"
          onClick={toggleLive}
        >
          <span class="live-dot" aria-hidden="true" />
          {LIVE_TEXT[liveState.value]}
          <Icon name={liveState.value === 'paused' ? 'play' : 'pause'} />
        </button>
        <button type="button" class="button quiet" onClick={nextTheme} title={`Theme: ${theme.value}`}>
          <Icon name="theme" />
          <span class="spoken">Theme: {theme.value}</span>
        </button>
        <button
          type="button"
          class="button quiet"
          title="Keyboard (?)"
          onClick={() => {
            isHelpOpen.value = true;
          }}
        >
          <span aria-hidden="true">?</span>
          <span class="spoken">Keyboard help</span>
        </button>
      </header>
      <FileBar />
      <ErrorBoundary key={path}>
        {traceId !== undefined ? (
          <TracePage key={traceId} traceId={traceId} />
        ) : openedFile.value ? (
          <FileListPage file={openedFile.value} />
        ) : (
          <TraceListPage search={search} />
        )}
      </ErrorBoundary>
      {isCollectorOpen.value ? (
        <CollectorDialog
          close={() => {
            isCollectorOpen.value = false;
          }}
        />
      ) : null}
      {isHelpOpen.value ? (
        <HelpDialog
          close={() => {
            isHelpOpen.value = false;
          }}
        />
      ) : null}
    </>
  );
}

function toggleLive(): void {
  if (liveState.peek() === 'paused') startLive();
  else pauseLive();
}

/** One line through a circle, a diamond and a square: browser, edge, backend. */
function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 44 16" aria-hidden="true" focusable="false">
      <path class="brand-line" d="M0 8h44" />
      <path class="layer-browser" d="M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z" />
      <path class="layer-edge" d="M22 2.6L27.4 8 22 13.4 16.6 8z" />
      <path class="layer-backend" d="M31.7 3.7h8.6v8.6h-8.6z" />
    </svg>
  );
}
