import type { ComponentChildren } from 'preact';
import type { Layer } from '../../trace/trace-view.ts';
import type { Rating } from '../model/web-vitals.ts';

const PATHS = {
  'page load': 'M4 1.5h5.5L13 5v9.5H4zM9.5 1.5V5H13',
  navigation: 'M2 8h11M9 4l4 4-4 4',
  interaction: 'M6 1.5v3M1.5 6h3M3 3l2 2M7 7l7 2.5-3 1.5-1.5 3z',
  server: 'M2 2.5h12v4H2zM2 9.5h12v4H2zM4.5 4.5h.01M4.5 11.5h.01',
  chevron: 'M6 4l4 4-4 4',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M3 8.5l3.5 3.5L13 4.5',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  download: 'M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11',
  back: 'M14 8H3M7 4L3 8l4 4',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  theme: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3 3 0 0 1 3 8.5L4.5 7',
  open: 'M2 13.5v-10h4l1.5 2H14v8zM8 8v4M6 10l2-2 2 2',
  clock: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.5V8l2.5 1.5',
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing of 16 units; decoration, since a text always stands beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

const LAYER_SHAPES: Record<Layer, string> = {
  browser: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1z',
  edge: 'M6 .3L11.7 6 6 11.7.3 6z',
  backend: 'M1.3 1.3h9.4v9.4H1.3z',
  queue: 'M6 .9l5.6 10H.4z',
};

export const LAYER_NAMES: Record<Layer, string> = {
  browser: 'Browser',
  edge: 'Edge',
  backend: 'Backend',
  queue: 'Queue',
};

/** A layer's shape and colour: a circle, a diamond, a square, a triangle. */
export function LayerMark({ layer, title }: { layer: Layer; title?: boolean }) {
  return (
    <svg class={`layer-mark layer-${layer}`} viewBox="0 0 12 12" aria-hidden="true" focusable="false">
      {title ? <title>{LAYER_NAMES[layer]}</title> : null}
      <path d={LAYER_SHAPES[layer]} />
    </svg>
  );
}

const RATING_SHAPES: Record<Rating, string> = {
  good: 'M5 .8a4.2 4.2 0 1 1 0 8.4A4.2 4.2 0 0 1 5 .8z',
  'needs improvement': 'M5 .6l4.8 8.8H.2z',
  poor: 'M1 1h8v8H1z',
};

export const RATING_CLASS: Record<Rating, string> = {
  good: 'rating-good',
  'needs improvement': 'rating-fair',
  poor: 'rating-poor',
};

/** A rating by colour and shape: circle, triangle, square, as web.dev draws them. */
export function RatingMark({ rating }: { rating: Rating }) {
  return (
    <svg class={`rating-mark ${RATING_CLASS[rating]}`} viewBox="0 0 10 10" aria-hidden="true" focusable="false">
      <path d={RATING_SHAPES[rating]} />
    </svg>
  );
}

/** Text for screen readers only. */
export function Spoken({ children }: { children: ComponentChildren }) {
  return <span class="spoken">{children}</span>;
}
