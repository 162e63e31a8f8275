import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { transform } from 'esbuild';
import { dts } from 'rollup-plugin-dts';

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));

/**
 * Types and JSX off, nothing else: resolving stays with node-resolve, because a plugin that resolves as well skips
 * OpenTelemetry's `browser` mapping and bundles the Node platform.
 */
const typescript = () => ({
  name: 'typescript',
  async transform(code, id) {
    if (!/\.tsx?$/.test(id)) return null;
    const loader = id.endsWith('x') ? 'tsx' : 'ts';
    const options = {
      loader,
      target: 'es2022',
      sourcefile: id,
      sourcemap: true,
      jsx: 'automatic',
      jsxImportSource: 'preact',
    };
    const { code: js, map } = await transform(code, options);
    return { code: js, map };
  },
});

/** `VERSION` from `throughline:version`, so that no file repeats what package.json says. */
const versionModule = () => ({
  name: 'version',
  resolveId: (id) => (id === 'throughline:version' ? '\0version' : null),
  load: (id) => (id === '\0version' ? `export const VERSION = ${JSON.stringify(version)};` : null),
});

/** Emits the files of `folder` as they are. */
const copyFolder = (folder) => ({
  name: 'copy-folder',
  buildStart() {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      this.emitFile({ type: 'asset', fileName: relative(folder, path), source: readFileSync(path) });
    }
  },
});

const plugins = (...more) => [
  versionModule(),
  typescript(),
  resolve({ browser: true, extensions: ['.mjs', '.js', '.ts', '.tsx'] }),
  commonjs(),
  ...more,
];
// Not `module: true` on the IIFE: it lets terser delete the global.
const minify = (module) => terser({ module, ecma: 2020, compress: { passes: 3 }, format: { comments: false } });

const parts = {
  agent: [
    {
      input: 'src/script.ts',
      output: { file: 'dist/throughline.js', format: 'iife', sourcemap: true },
      plugins: plugins(minify(false)),
    },
    {
      input: 'src/index.ts',
      external: ['@opentelemetry/api'],
      output: { file: 'dist/index.js', format: 'es', sourcemap: true },
      plugins: plugins(),
    },
  ],
  edge: [
    {
      input: { worker: 'edge/worker/index.ts', hono: 'edge/worker/hono.ts' },
      external: [/^node:/, /^hono(\/|$)/, '@opentelemetry/api'],
      output: { dir: 'dist', format: 'es', chunkFileNames: 'edge-[hash].js', sourcemap: true },
      plugins: plugins(),
    },
  ],
  collector: [
    {
      input: { collector: 'edge/server.ts', cli: 'edge/cli.ts' },
      external: [/^node:/, /^hono(\/|$)/, '@hono/node-server'],
      output: { dir: 'dist', format: 'es', chunkFileNames: 'collector-[hash].js', sourcemap: true },
      plugins: plugins(),
    },
  ],
  viewer: [],
  types: [
    {
      input: {
        index: 'src/index.ts',
        worker: 'edge/worker/index.ts',
        hono: 'edge/worker/hono.ts',
        collector: 'edge/server.ts',
      },
      external: [/^node:/, /^hono(\/|$)/, /^@opentelemetry\//, '@hono/node-server'],
      output: { dir: 'dist', format: 'es', entryFileNames: '[name].d.ts', chunkFileNames: 'types-[hash].d.ts' },
      plugins: [dts()],
    },
  ],
  demo: [
    {
      input: 'demo/page/main.ts',
      output: { file: 'demo/dist/assets/shop.js', format: 'es', sourcemap: true },
      plugins: plugins(copyFolder('demo/page/public'), minify(true)),
    },
    {
      input: 'demo/edge/worker.ts',
      external: [/^node:/],
      output: { file: 'demo/dist/worker.js', format: 'es', sourcemap: true },
      plugins: plugins(),
    },
  ],
};

/** All parts in order, or with `--configPart=agent,edge` those named. */
export default (args) => {
  const wanted = args.configPart ? String(args.configPart).split(',') : Object.keys(parts);
  const unknown = wanted.filter((name) => !(name in parts));
  if (unknown.length > 0) throw new Error(`No part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`);
  return wanted.flatMap((name) => parts[name]);
};
