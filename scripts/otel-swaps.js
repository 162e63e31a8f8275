/**
 * Leaves out of the page what OpenTelemetry carries and a page never runs: configuration from environment variables,
 * metrics about itself, its own patching and diagnostics, the parts of the fetch instrumentation we override.
 *
 * Each entry names a module by the end of its path. An entry that matches nothing fails the build, so that a new version
 * of OpenTelemetry is looked at and not swapped blindly.
 */

/** Whole modules replaced by what is left to do. */
const MODULES = {
  // Reads OTEL_* and merges it with what we pass; the provider itself has the same defaults.
  'sdk-trace-base/build/esm/BasicTracerProvider-shim.js':
    "export { TracerProvider as BasicTracerProvider } from '@opentelemetry/sdk-trace';",
  // Our delivery writes the resource.
  'resources/build/esm/index.js': 'export const defaultResource = () => ({ attributes: {} });',
  'sdk-trace/build/esm/inspect.js':
    "export const inspectCustom = Symbol(); export const formatInspect = () => ''; export const settledResourceAttributes = () => ({});",
  'sdk-trace/build/esm/TracerMetrics.js': 'export class TracerMetrics { startSpan() {} }',
  // Defaults we always replace.
  'sdk-trace/build/esm/sampler/ParentBasedSampler.js': 'export class ParentBasedSampler {}',
  'sdk-trace/build/esm/sampler/AlwaysOnSampler.js': 'export class AlwaysOnSampler {}',
  'sdk-trace/build/esm/platform/browser/RandomIdGenerator.js': 'export class RandomIdGenerator {}',
  // There is one processor.
  'sdk-trace/build/esm/MultiSpanProcessor.js':
    'export class MultiSpanProcessor { constructor([processor]) { return processor; } }',
  'instrumentation/build/esm/shimmer.js':
    'export const wrap = undefined, unwrap = undefined, massWrap = undefined, massUnwrap = undefined;',
  'api-logs/build/esm/index.js': 'export const logs = { getLogger() {} };',
};

/**
 * The same for the API, which only the script tag bundles: what registers us where an application's own copy of the API
 * looks. Proxies, which a copy needs for tracers asked for before a provider is there, are of no use in ours.
 */
const API_MODULES = {
  'api/build/esm/internal/global-utils.js': `
    import { VERSION } from '../version';
    const KEY = Symbol.for('opentelemetry.js.api.1');
    export const getGlobal = (type) => globalThis[KEY]?.[type];
    export function registerGlobal(type, instance) {
      const api = (globalThis[KEY] ??= { version: VERSION });
      if (api[type] || api.version !== VERSION) return false;
      api[type] = instance;
      return true;
    }
    export function unregisterGlobal(type) { delete globalThis[KEY]?.[type]; }`,
  'api/build/esm/api/trace.js': `
    import { getGlobal, registerGlobal, unregisterGlobal } from '../internal/global-utils';
    import { isSpanContextValid, wrapSpanContext } from '../trace/spancontext-utils';
    import * as contexts from '../trace/context-utils';
    const api = {
      ...contexts, isSpanContextValid, wrapSpanContext,
      setGlobalTracerProvider: (provider) => registerGlobal('trace', provider),
      getTracerProvider: () => getGlobal('trace'),
      getTracer: (name, version) => getGlobal('trace')?.getTracer(name, version),
      disable: () => unregisterGlobal('trace'),
    };
    export class TraceAPI { static getInstance() { return api; } }`,
  'api/build/esm/api/context.js': `
    import { getGlobal, registerGlobal, unregisterGlobal } from '../internal/global-utils';
    import { ROOT_CONTEXT } from '../context/context';
    const none = { active: () => ROOT_CONTEXT, with: (_, fn, thisArg, ...args) => fn.call(thisArg, ...args) };
    const manager = () => getGlobal('context') ?? none;
    const api = {
      setGlobalContextManager: (instance) => registerGlobal('context', instance),
      active: () => manager().active(),
      with: (...args) => manager().with(...args),
      disable: () => unregisterGlobal('context'),
    };
    export class ContextAPI { static getInstance() { return api; } }`,
  'api/build/esm/trace/spancontext-utils.js': `
    import { NonRecordingSpan } from './NonRecordingSpan';
    const isId = (digits) => (id) => new RegExp('^(?!0*$)[0-9a-f]{' + digits + '}$', 'i').test(id);
    export const isValidTraceId = isId(32), isValidSpanId = isId(16);
    export const isSpanContextValid = ({ traceId, spanId }) => isValidTraceId(traceId) && isValidSpanId(spanId);
    export const wrapSpanContext = (spanContext) => new NonRecordingSpan(spanContext);`,
  'api/build/esm/api/diag.js':
    'const nothing = () => {}; const diag = { error: nothing, warn: nothing, info: nothing, debug: nothing, verbose: nothing, createComponentLogger: () => diag }; export class DiagAPI { static instance() { return diag; } }',
  'api/build/esm/api/metrics.js': 'export class MetricsAPI { static getInstance() { return { getMeter() {} }; } }',
  'api/build/esm/metrics/NoopMeter.js': 'export const createNoopMeter = () => ({});',
  // Registers what the application's own copy of the API will use; injecting and extracting is done there.
  'api/build/esm/api/propagation.js': `
    import { registerGlobal, unregisterGlobal } from '../internal/global-utils';
    const api = {
      setGlobalPropagator: (propagator) => registerGlobal('propagation', propagator),
      disable: () => unregisterGlobal('propagation'),
    };
    export class PropagationAPI { static getInstance() { return api; } }`,
};

/** Methods taken out of a class: overridden by us, or never called in a page. */
const METHODS = {
  'instrumentation-fetch/build/esm/fetch.js':
    '_addChildSpan _addFinalSpanAttributes _addHeaders _clearResources _findResourceAndAddNetworkEvents _markResourceAsUsed ' +
    '_endSpan _patchConstructor _applyAttributesAfterFetch _callRequestHook _prepareSpanData enable disable',
  'instrumentation/build/esm/instrumentation.js':
    'setMeterProvider setLoggerProvider logger getModuleDefinitions _runSpanCustomizationHook',
  'sdk-trace-web/build/esm/WebTracerProvider.js': 'register',
  'sdk-trace/build/esm/TracerProvider.js': 'forceFlush inspectCustom',
  'sdk-trace/build/esm/Tracer.js': 'inspectCustom',
  'sdk-trace/build/esm/Span.js': 'inspectCustom',
};

/**
 * @param {{ withApi: boolean }} options whether the bundle holds `@opentelemetry/api` itself
 * @returns {import('rollup').Plugin}
 */
export function otelSwaps({ withApi }) {
  const modules = withApi ? { ...MODULES, ...API_MODULES } : MODULES;
  const unused = new Set([...Object.keys(modules), ...Object.keys(METHODS)]);
  const entryOf = (table, id) => Object.keys(table).find((end) => id.endsWith(`/node_modules/@opentelemetry/${end}`));
  return {
    name: 'otel-swaps',
    load(id) {
      const entry = entryOf(modules, id);
      if (!entry) return null;
      unused.delete(entry);
      return { code: modules[entry], moduleSideEffects: false };
    },
    transform(code, id) {
      if (!id.includes('/node_modules/@opentelemetry/')) return null;
      const entry = entryOf(METHODS, id);
      const names = new Set(entry ? METHODS[entry].split(' ') : []);
      if (entry) unused.delete(entry);
      const cuts = [];
      walk(this.parse(code), (node) => {
        if (node.type === 'MethodDefinition' && names.has(node.key.name)) {
          cuts.push([node.start, node.end, '']);
          names.delete(node.key.name);
          return false;
        }
        if (isDiagnostic(node)) {
          cuts.push([node.start, node.end, ';']);
          return false;
        }
        return true;
      });
      if (names.size > 0)
        this.error(`${id} has no method ${[...names].join(', ')} any more; look at scripts/otel-swaps.js`);
      if (cuts.length === 0) return null;
      // Blanks keep every position, so that the source map stays true without being rewritten.
      for (const [start, end, left] of cuts)
        code =
          code.slice(0, start) + left + code.slice(start + left.length, end).replace(/[^\n]/g, ' ') + code.slice(end);
      return { code, map: null };
    },
    buildEnd(error) {
      if (!error && unused.size > 0)
        this.error(`nothing matches ${[...unused].join(', ')}; look at scripts/otel-swaps.js`);
    },
  };
}

/** `diag.warn(…)`, `api.diag.debug(…)`, `this._diag.error(…)`: nobody listens in a page. */
function isDiagnostic(node) {
  if (node.type !== 'ExpressionStatement' || node.expression.type !== 'CallExpression') return false;
  const { callee } = node.expression;
  if (callee.type !== 'MemberExpression') return false;
  const { object } = callee;
  return object.name === 'diag' || /^_?diag$/.test(object.property?.name ?? '');
}

function walk(node, visit) {
  if (!visit(node)) return;
  for (const key in node) {
    const value = node[key];
    for (const child of Array.isArray(value) ? value : [value]) if (typeof child?.type === 'string') walk(child, visit);
  }
}
