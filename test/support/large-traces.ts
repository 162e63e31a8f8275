import type { TraceSummary } from '../../edge/store/trace-store.ts';
import type { Layer, TraceView } from '../../edge/trace/trace-view.ts';
import { type SpanTale, TALE_START_MS, tellTrace } from './trace-tale.ts';

/** A repeatable pseudo-random number in [0, 1). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A trace of any size: nested requests over three layers with a few errors, the same for the same count. */
export function largeTrace(spanCount: number, traceId = 'c0ffee00c0ffee00c0ffee00c0ffee00'): TraceView {
  const random = createRandom(spanCount);
  const root: SpanTale = {
    name: 'page load /dashboard',
    service: 'shop-web',
    layer: 'browser',
    atMs: 0,
    ms: 20_000,
    attributes: { 'throughline.activity': 'page load' },
    children: [],
  };
  const open: SpanTale[] = [root];
  const layers: Layer[] = ['browser', 'edge', 'backend', 'backend'];
  for (let made = 1; made < spanCount; made += 1) {
    const parent = open[Math.floor(random() * random() * open.length)] as SpanTale;
    const depth = Math.min(3, layers.indexOf(parent.layer) + (random() < 0.6 ? 1 : 0));
    const layer = layers[depth] as Layer;
    const offset = random() * parent.ms * 0.8;
    const span: SpanTale = {
      name: `GET /api/items/{id}/part-${Math.floor(random() * 40)}`,
      service: `shop-${layer === 'browser' ? 'web' : layer}-${layer === 'backend' ? Math.floor(random() * 6) : 0}`,
      layer,
      kind: random() < 0.5 ? 'client' : 'server',
      atMs: parent.atMs + offset,
      ms: Math.max(0.02, (parent.ms - offset) * random() * 0.7),
      attributes: { 'http.route': `/api/items/{id}/part-${made % 40}`, 'http.response.status_code': 200, index: made },
    };
    if (random() < 0.004) span.status = 'error';
    parent.children ??= [];
    parent.children.push(span);
    if (open.length < 400) open.push(span);
    else open[Math.floor(random() * open.length)] = span;
  }
  const sorted: SpanTale[] = [root];
  for (let span = sorted.pop(); span; span = sorted.pop()) {
    span.children?.sort((a, b) => a.atMs - b.atMs);
    sorted.push(...(span.children ?? []));
  }
  return tellTrace({ traceId, startMs: TALE_START_MS, roots: [root] });
}

/** Rows for a full list: the shop's life over some minutes, newest first. */
export function shopDay(count: number, newestMs = TALE_START_MS + 60_000): TraceSummary[] {
  const random = createRandom(42);
  const pages = ['/', '/product/{id}', '/category/{slug}', '/cart', '/checkout'];
  const rows: TraceSummary[] = [];
  for (let index = 0; index < count; index += 1) {
    const route = pages[Math.floor(random() * pages.length)] as string;
    const kind = random();
    const activity = kind < 0.45 ? 'page load' : kind < 0.65 ? 'navigation' : kind < 0.92 ? 'interaction' : '';
    const click = ['add to cart', 'open menu', 'apply filter', 'pay'][Math.floor(random() * 4)];
    const durationMs = Math.round((activity === 'interaction' ? 60 : 380) * Math.exp(random() * 2.6) * 10) / 10;
    const startMs = newestMs - index * 4700 - Math.floor(random() * 3000);
    const hasVitals = activity === 'page load' || (activity === 'navigation' && random() < 0.5);
    rows.push({
      traceId: `7d3c9a1e${(index + 1).toString(16).padStart(24, '0')}`,
      name:
        activity === '' ? 'GET /sitemap.xml' : activity === 'interaction' ? `click ${click}` : `${activity} ${route}`,
      service: activity === '' ? 'shop-edge' : 'shop-web',
      services:
        activity === '' ? ['shop-edge'] : random() < 0.2 ? ['shop-web'] : ['shop-web', 'shop-edge', 'shop-backend'],
      route: activity === '' ? '/sitemap.xml' : route,
      activity,
      browser: activity === '' ? '' : (['Chrome 141', 'Safari 18', 'Firefox 132'][index % 3] as string),
      device: activity === '' ? '' : 'desktop',
      country: activity === '' ? '' : (['CH', 'DE', 'FR', 'US'][index % 4] as string),
      release: '2026.3.1',
      startMs,
      durationMs,
      spanCount: 1 + Math.floor(random() * (activity === 'page load' ? 48 : 9)),
      errorCount: random() < 0.12 ? 1 + Math.floor(random() * 3) : 0,
      vitals: hasVitals
        ? {
            lcp: Math.round(durationMs * (0.8 + random())),
            cls: Math.round(random() ** 3 * 400) / 1000,
            ...(random() < 0.6 ? { inp: Math.round(30 * Math.exp(random() * 3)) } : {}),
          }
        : {},
      sessionId: `session-${index % 7}`,
      userId: '',
      isProvisional: false,
      hasRoot: index !== 0,
      updatedAtMs: startMs + durationMs,
    });
  }
  return rows;
}
