import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import type { Asset, Assets } from '../collector/query/assets.ts';

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

/**
 * The built files of a `dist` directory, read when first asked for. Only names found in it at the start are served, so
 * no path of a request ever becomes a path on disk.
 * @param directory default: the `dist` this code was built into or stands beside
 */
export function loadAssets(directory = findDist()): Assets {
  const names = new Set(['throughline.js', 'viewer/index.html']);
  const viewerAssets = join(directory, 'viewer', 'assets');
  if (existsSync(viewerAssets)) for (const name of readdirSync(viewerAssets)) names.add(`viewer/assets/${name}`);
  const loaded = new Map<string, Asset>();
  return (path) => {
    if (!names.has(path)) return undefined;
    const known = loaded.get(path);
    if (known) return known;
    const asset = readAsset(join(directory, path));
    if (asset) loaded.set(path, asset);
    return asset;
  };
}

function readAsset(file: string): Asset | undefined {
  if (!existsSync(file)) return undefined;
  const body = readFileSync(file);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const asset: Asset = { body, etag, contentType: CONTENT_TYPES[extname(file)] ?? 'application/octet-stream' };
  const brotli = brotliCompressSync(body);
  if (brotli.length < body.length) asset.brotli = brotli;
  return asset;
}

function findDist(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [here, join(here, '..', 'dist'), join(here, '..', '..', 'dist')];
  return (
    candidates.find((directory) => existsSync(join(directory, 'throughline.js'))) ?? join(here, '..', '..', 'dist')
  );
}
