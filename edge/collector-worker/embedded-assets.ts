import { FILES } from 'throughline:files';
import type { Asset, Assets } from '../collector/query/assets.ts';

const encoder = new TextEncoder();

/** The files inside the bundle. Cloudflare compresses them on their way. */
export function embeddedAssets(): Assets {
  const encoded = new Map<string, Asset>();
  return (path) => {
    const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    if (!file) return undefined;
    const { contentType, etag, text } = file;
    const asset = encoded.get(path) ?? { contentType, etag, body: encoder.encode(text) };
    encoded.set(path, asset);
    return asset;
  };
}
