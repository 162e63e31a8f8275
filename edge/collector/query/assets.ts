import type { Context } from 'hono';

/** A file of the built viewer or script, ready to be sent. */
export interface Asset {
  body: Uint8Array;
  contentType: string;
  /** Quoted, as the header has it. */
  etag: string;
  /** The body compressed with Brotli, where that is smaller. */
  brotli?: Uint8Array;
}

/** Finds a built file by its path below `dist`, such as `throughline.js` or `viewer/index.html`. */
export type Assets = (path: string) => Asset | undefined;

/** The viewer is made of its own files and nothing else; what strangers sent is text in it and never code. */
const VIEWER_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** The page of the viewer; every address in it is the same file. */
export function sendViewer(c: Context, assets: Assets): Response {
  const asset = assets('viewer/index.html');
  if (!asset) return c.json({ error: 'The viewer is not built: run "npm run build".' }, 404);
  return send(c, asset, { ...VIEWER_HEADERS, 'cache-control': 'no-cache' });
}

/** A file the viewer's page names; its own name changes with its content, so it is kept for good. */
export function sendViewerFile(c: Context, assets: Assets): Response {
  const asset = assets(`viewer/assets/${c.req.param('file')}`);
  if (!asset) return c.json({ error: 'No such file.' }, 404);
  return send(c, asset, { ...VIEWER_HEADERS, 'cache-control': 'public, max-age=31536000, immutable' });
}

const SCRIPT_HEADERS = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'timing-allow-origin': '*',
};

/** The agent, for pages of any origin, with or without `crossorigin`. */
export function sendScript(c: Context, assets: Assets): Response {
  const asset = assets('throughline.js');
  if (!asset) return c.json({ error: 'The script is not built: run "npm run build".' }, 404);
  return send(c, asset, { ...SCRIPT_HEADERS, 'cache-control': 'public, max-age=3600' });
}

/** Where the agent is kept for good: the name changes with the content, so that a tag may carry `integrity`. */
export function pinnedScriptPath({ etag }: Asset): string {
  return `/throughline-${etag.replaceAll('"', '')}.js`;
}

/** The agent under `pinnedScriptPath`. Of other versions there is nothing, and a page without its script is left alone. */
export function sendPinnedScript(c: Context, assets: Assets): Response {
  const asset = assets('throughline.js');
  if (!asset || c.req.path !== pinnedScriptPath(asset))
    return c.json({ error: 'Not the version this collector has; it prints the tag of that one when it starts.' }, 404);
  // A proxy that rewrites scripts would make browsers refuse it.
  return send(c, asset, { ...SCRIPT_HEADERS, 'cache-control': 'public, max-age=31536000, immutable, no-transform' });
}

function send(c: Context, asset: Asset, headers: Record<string, string>): Response {
  const all: Record<string, string> = {
    ...headers,
    'content-type': asset.contentType,
    'x-content-type-options': 'nosniff',
    etag: asset.etag,
    vary: 'accept-encoding',
  };
  if (c.req.header('if-none-match') === asset.etag) return c.body(null, 304, all);
  const accepted = c.req.header('accept-encoding') ?? '';
  if (!asset.brotli || !/\bbr\b/.test(accepted)) return c.body(asset.body as Uint8Array<ArrayBuffer>, 200, all);
  return c.body(asset.brotli as Uint8Array<ArrayBuffer>, 200, { ...all, 'content-encoding': 'br' });
}
