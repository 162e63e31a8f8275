import { createHash } from 'node:crypto';
import type { IngestKey } from '../collector/key-ring.ts';
import { type Asset, pinnedScriptPath } from '../collector/query/assets.ts';

/** What the first start shows: the three things a person needs next. */
export function formatBanner(options: {
  url: string;
  keys: readonly IngestKey[];
  keysPath: string;
  data: string;
  isLocal: boolean;
  hasReadToken: boolean;
  /** The built agent; without it there is no tag with its hash. */
  script: Asset | undefined;
}): string {
  const { url, keys, keysPath, data, isLocal, hasReadToken, script: asset } = options;
  const publicKey = keys.find(({ kind }) => kind === 'public')?.key;
  const script = publicKey
    ? `<script src="${url}/throughline.js" data-key="${publicKey}" data-service="my-site" crossorigin async></script>`
    : `none: ${keysPath} has no public key`;
  const integrity = asset && `sha384-${createHash('sha384').update(asset.body).digest('base64')}`;
  const pinned =
    publicKey &&
    asset &&
    `<script src="${url}${pinnedScriptPath(asset)}" integrity="${integrity}" data-key="${publicKey}" data-service="my-site" crossorigin async></script>`;
  const servers = isLocal
    ? `${url}/v1/traces (OTLP; from this machine without a key)`
    : `${url}/v1/traces (OTLP; Authorization: Bearer <secret key of ${keysPath}>)`;
  const viewer = isLocal || hasReadToken ? `${url}/` : `${url}/ (from other machines only with --read-token)`;
  return [
    '',
    `  Paste into your pages   ${script}`,
    ...(pinned ? [`  Or this version only    ${pinned}`] : []),
    `  Workers and backends    ${servers}`,
    `  See the traces          ${viewer}`,
    `  Keys                    ${keysPath}`,
    `  Data                    ${data}`,
    '',
  ].join('\n');
}
