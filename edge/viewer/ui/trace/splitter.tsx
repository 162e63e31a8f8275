import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';

const MIN_PX = 120;
const MAX_PX = 900;
const STEP_PX = 24;

/** Width of the names beside the timeline, px: a third of the window to start with, more of a narrow one. */
export const nameWidth = signal(clamp(Math.round(window.innerWidth * (window.innerWidth < 860 ? 0.45 : 0.3))));

function clamp(px: number): number {
  return Math.max(MIN_PX, Math.min(MAX_PX, window.innerWidth * 0.7, px));
}

/** The line between names and timeline, moved by pointer or arrow keys. */
export function Splitter() {
  const offset = useRef<number | undefined>(undefined);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that takes the focus is a widget, an <hr> is not
    <div
      class="splitter"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Width of the names"
      aria-valuenow={Math.round(nameWidth.value)}
      aria-valuemin={MIN_PX}
      aria-valuemax={MAX_PX}
      onPointerDown={(event) => {
        offset.current = event.clientX - nameWidth.peek();
        event.currentTarget.setPointerCapture(event.pointerId);
        event.preventDefault();
      }}
      onPointerMove={(event) => {
        if (offset.current !== undefined) nameWidth.value = clamp(event.clientX - offset.current);
      }}
      onPointerUp={() => {
        offset.current = undefined;
      }}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowLeft' ? -STEP_PX : event.key === 'ArrowRight' ? STEP_PX : 0;
        if (by === 0) return;
        nameWidth.value = clamp(nameWidth.peek() + by);
        event.preventDefault();
      }}
    />
  );
}
