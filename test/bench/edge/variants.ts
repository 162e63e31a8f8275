import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface Variant {
  name: string;
  /** A file of `variants/` without its extension, or a path. */
  entry: string;
  flags: readonly string[];
}

export const BARE: Variant = { name: 'bare Hono', entry: 'bare', flags: ['nodejs_als'] };
export const OURS: Variant = { name: 'throughline', entry: 'throughline', flags: ['nodejs_als'] };

/** The worker as it would be deployed: one minified module. */
export async function bundleVariant({ entry }: Variant): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry.startsWith('/') ? entry : fileURLToPath(new URL(`./variants/${entry}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'cloudflare:*'],
    // Not our tsconfig: its paths lead to the sources, and what ships is measured.
    tsconfigRaw: {},
  });
  return (outputFiles[0] as { text: string }).text;
}
