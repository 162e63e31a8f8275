import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { build, transform } from 'esbuild';
import { dts } from 'rollup-plugin-dts';
import { SHORT_NAMES } from './scripts/edge-internal-names.ts';
import { minifyScript } from './scripts/minify-script.js';
import { otelSwaps } from './scripts/otel-swaps.js';
import { webVitalsSwaps } from './scripts/web-vitals-swaps.js';
import * as names from './src/wire/names.ts';

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

/** The viewer's page and style sheet, named by content so that both may be cached for ever. */
const viewerPage = () => ({
  name: 'viewer-page',
  async generateBundle(_, bundle) {
    const styles = await build({
      entryPoints: ['edge/viewer/ui/styles/viewer.css'],
      bundle: true,
      minify: true,
      write: false,
      target: ['chrome123', 'firefox120', 'safari17.5'],
    });
    const css = this.emitFile({ type: 'asset', name: 'viewer.css', source: styles.outputFiles[0].text });
    const js = Object.values(bundle).find((chunk) => chunk.type === 'chunk' && chunk.isEntry);
    const page = readFileSync('edge/viewer/index.html', 'utf8')
      .replace('/assets/viewer.css', `/${this.getFileName(css)}`)
      .replace('/assets/viewer.js', `/${js.fileName}`);
    this.emitFile({ type: 'asset', fileName: 'index.html', source: page });
  },
  writeBundle: ({ dir }, bundle) => removeStale(dir, Object.keys(bundle)),
});

/** Builds of before under other hashes: nothing refers to them, and a package must not carry them. */
function removeStale(dir, fresh) {
  for (const name of readdirSync(`${dir}/assets`)) {
    if (!fresh.includes(`assets/${name}`)) rmSync(`${dir}/assets/${name}`);
  }
}

const CONTENT_TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

/** `FILES` from `throughline:files`: the built script and viewer, for the collector that has no disk to read them from. */
const builtFiles = () => ({
  name: 'built-files',
  resolveId: (id) => (id === 'throughline:files' ? '\0files' : null),
  load(id) {
    if (id !== '\0files') return null;
    const assets = readdirSync('dist/viewer/assets').map((name) => `viewer/assets/${name}`);
    const files = ['throughline.js', 'viewer/index.html', ...assets].map((path) => {
      const text = readFileSync(`dist/${path}`, 'utf8');
      const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
      const contentType = `${CONTENT_TYPES[path.split('.').at(-1)]}; charset=utf-8`;
      return [path, { contentType, etag, text }];
    });
    return `export const FILES = ${JSON.stringify(Object.fromEntries(files))};`;
  },
});

/**
 * Names of attributes and events written where they are used: a bundler inlines constants of another module, but not across
 * the chunks the entries share.
 */
const literals = new Map(Object.entries(names));
const inlineNames = () => ({
  name: 'inline-names',
  transform(code) {
    // Empty lines in place of the import: the source map counts lines.
    const inlined = code.replace(/^import \{[^}]*\} from '[./]*\/(src\/)?(wire\/)?names\.ts';$/gm, (lines) =>
      lines.replace(/.+/g, ''),
    );
    if (inlined === code) return null;
    const literal = (name) => (literals.has(name) ? JSON.stringify(literals.get(name)) : name);
    return { code: inlined.replace(/\b[A-Z]+_[A-Z_\d]+\b/g, literal), map: null };
  },
});

/** The context as it is held where there is no AsyncLocalStorage. */
const heldContext = () => ({
  name: 'held-context',
  resolveId(source, importer) {
    if (!source.endsWith('/context-manager.ts')) return null;
    return this.resolve(source.replace('context-manager', 'held-context-manager'), importer, { skipSelf: true });
  },
});

/** Members of the edge tracer's own by their short names; in a debugger the source maps tell the long ones. */
const shortNames = () => ({
  name: 'short-names',
  async transform(source, id) {
    if (!/[\\/]edge[\\/](worker|messaging|runtimes)[\\/]/.test(id)) return null;
    const mangleProps = new RegExp(`^(${Object.keys(SHORT_NAMES).join('|')})$`);
    const options = { loader: 'ts', target: 'es2022', sourcefile: id, sourcemap: true };
    const { code, map } = await transform(source, { ...options, mangleProps, mangleCache: { ...SHORT_NAMES } });
    return { code, map };
  },
});

/** Constants written where they are used, as no application's bundler does. The rest stays as it is: readable. */
const inlineConstants = () =>
  terser({
    module: true,
    ecma: 2020,
    compress: {
      defaults: false,
      collapse_vars: true,
      evaluate: true,
      reduce_funcs: false,
      reduce_vars: true,
      unused: true,
    },
    mangle: false,
    format: { beautify: true, preserve_annotations: true },
  });

/** The platform as package.json has it by condition (`imports`), so that a bundler takes along one alone. */
const runtimeByCondition = () => ({
  name: 'runtime-by-condition',
  resolveId: (source, importer) =>
    importer && source.endsWith('/runtimes/detect.ts') ? { id: '#runtime', external: true } : null,
});

/**
 * Most of the script runs on every page. Browsers compile what they download on another thread, but a function only when it is
 * first called, on the page's own: Chromium compiles all of a script that begins so where it downloads it.
 * @see https://v8.dev/blog/explicit-compile-hints
 */
const COMPILE_AHEAD = '//# allFunctionsCalledOnLoad';

const parts = {
  agent: [
    {
      input: 'src/script.ts',
      output: { file: 'dist/throughline.js', format: 'iife', sourcemap: true },
      plugins: [inlineNames(), otelSwaps({ withApi: true }), webVitalsSwaps(), ...plugins(minifyScript(COMPILE_AHEAD))],
    },
    {
      input: 'src/loader.ts',
      output: { file: 'dist/loader.js', format: 'iife', strict: false },
      plugins: plugins(minifyScript()),
    },
    {
      input: 'src/index.ts',
      external: ['@opentelemetry/api'],
      output: { file: 'dist/index.js', format: 'es', sourcemap: true },
      plugins: [inlineNames(), otelSwaps({ withApi: false }), webVitalsSwaps(), ...plugins()],
    },
  ],
  edge: [
    {
      input: {
        core: 'edge/worker/core.ts',
        opentelemetry: 'edge/worker/opentelemetry.ts',
        worker: 'edge/worker/index.ts',
        hono: 'edge/worker/hono.ts',
        cloudflare: 'edge/worker/cloudflare.ts',
        propagation: 'edge/worker/propagation/index.ts',
        messaging: 'edge/messaging/index.ts',
        api: 'edge/api/index.ts',
        runtime: 'edge/runtimes/detect.ts',
        'runtime-workerd': 'edge/runtimes/only-cloudflare.ts',
      },
      external: [/^node:/, /^hono(\/|$)/, '@opentelemetry/api'],
      output: {
        dir: 'dist',
        format: 'es',
        chunkFileNames: 'edge-[name].js',
        hoistTransitiveImports: false,
        sourcemap: true,
      },
      plugins: [inlineNames(), shortNames(), runtimeByCondition(), ...plugins(inlineConstants())],
    },
    {
      input: {
        core: 'edge/worker/core.ts',
        opentelemetry: 'edge/worker/opentelemetry.ts',
        worker: 'edge/worker/index.ts',
        hono: 'edge/worker/hono.ts',
        propagation: 'edge/worker/propagation/index.ts',
      },
      external: [/^hono(\/|$)/, '@opentelemetry/api'],
      output: { dir: 'dist/fastly', format: 'es', chunkFileNames: 'edge-[name].js', hoistTransitiveImports: false },
      plugins: [inlineNames(), shortNames(), heldContext(), ...plugins(inlineConstants())],
    },
  ],
  collector: [
    {
      input: {
        collector: 'edge/server.ts',
        cli: 'edge/cli.ts',
        // Started by their names as threads.
        'store-read-worker': 'edge/store/sqlite/read-worker.ts',
        'store-write-worker': 'edge/store/sqlite/write-worker.ts',
      },
      external: [/^node:/, /^hono(\/|$)/, '@hono/node-server'],
      output: { dir: 'dist', format: 'es', chunkFileNames: 'collector-[name].js', sourcemap: true },
      plugins: plugins(),
    },
  ],
  viewer: [
    {
      input: { viewer: 'edge/viewer/ui/main.tsx' },
      output: {
        dir: 'dist/viewer',
        format: 'es',
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
      plugins: plugins(minify(true), viewerPage()),
    },
  ],
  // Behind the agent and the viewer, which are in it; and with Hono inside, so that it is deployed as it is.
  'collector-worker': [
    {
      input: 'edge/collector-worker/index.ts',
      external: [/^node:/, /^cloudflare:/],
      output: { file: 'dist/collector-worker.js', format: 'es' },
      plugins: plugins(builtFiles()),
    },
  ],
  types: [
    {
      input: {
        index: 'src/index.ts',
        core: 'edge/worker/core.ts',
        opentelemetry: 'edge/worker/opentelemetry.ts',
        worker: 'edge/worker/index.ts',
        hono: 'edge/worker/hono.ts',
        cloudflare: 'edge/worker/cloudflare.ts',
        propagation: 'edge/worker/propagation/index.ts',
        messaging: 'edge/messaging/index.ts',
        api: 'edge/api/index.ts',
        collector: 'edge/server.ts',
        'collector-worker': 'edge/collector-worker/index.ts',
      },
      external: [/^node:/, /^cloudflare:/, /^hono(\/|$)/, /^@opentelemetry\//, '@hono/node-server'],
      output: { dir: 'dist', format: 'es', entryFileNames: '[name].d.ts', chunkFileNames: 'types-[name].d.ts' },
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
