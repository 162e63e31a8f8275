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
  // There is one processor.
  'sdk-trace/build/esm/MultiSpanProcessor.js':
    'export class MultiSpanProcessor { constructor([processor]) { return processor; } }',
  'instrumentation/build/esm/shimmer.js':
    'export const wrap = undefined, unwrap = undefined, massWrap = undefined, massUnwrap = undefined;',
  // The same rules, said once: primitives, and arrays of one kind of them with gaps.
  'core/build/esm/common/attributes.js': `
    const isPrimitive = (value) => /^(string|number|boolean)$/.test(typeof value);
    const isPresent = (value) => value != null;
    export function isAttributeValue(value) {
      if (!Array.isArray(value)) return !isPresent(value) || isPrimitive(value);
      const present = value.filter(isPresent);
      return present.every((item) => isPrimitive(item) && typeof item === typeof present[0]);
    }
    export function sanitizeAttributes(attributes) {
      const sane = {};
      if (typeof attributes === 'object')
        for (const [key, value] of Object.entries(attributes ?? {}))
          if (key && isAttributeValue(value)) sane[key] = Array.isArray(value) ? [...value] : value;
      return sane;
    }`,
  // We ignore URLs before we ask for a span, and name methods after.
  'core/build/esm/utils/url.js': 'export const urlMatches = undefined; export const isUrlIgnored = () => false;',
  'instrumentation-fetch/build/esm/utils.js':
    'export const getFetchBodyLength = undefined, serverPortFromUrl = undefined; export const normalizeHttpRequestMethod = (method) => method;',
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
  'api/build/esm/trace-api.js': `
    import { getGlobal, registerGlobal, unregisterGlobal } from './internal/global-utils';
    import { isSpanContextValid, wrapSpanContext } from './trace/spancontext-utils';
    import { deleteSpan, getSpan, getSpanContext, setSpan, setSpanContext } from './trace/context-utils';
    export const trace = {
      deleteSpan, getSpan, getSpanContext, setSpan, setSpanContext, isSpanContextValid, wrapSpanContext,
      setGlobalTracerProvider: (provider) => registerGlobal('trace', provider),
      getTracerProvider: () => getGlobal('trace'),
      disable: () => unregisterGlobal('trace'),
    };`,
  'api/build/esm/context-api.js': `
    import { getGlobal, registerGlobal, unregisterGlobal } from './internal/global-utils';
    import { ROOT_CONTEXT } from './context/context';
    const none = { active: () => ROOT_CONTEXT, with: (_, fn, thisArg, ...args) => fn.call(thisArg, ...args) };
    const manager = () => getGlobal('context') ?? none;
    export const context = {
      setGlobalContextManager: (instance) => registerGlobal('context', instance),
      active: () => manager().active(),
      with: (...args) => manager().with(...args),
      disable: () => unregisterGlobal('context'),
    };`,
  'api/build/esm/trace/spancontext-utils.js': `
    import { NonRecordingSpan } from './NonRecordingSpan';
    const isId = (digits) => (id) => new RegExp('^(?!0*$)[0-9a-f]{' + digits + '}$', 'i').test(id);
    export const isValidTraceId = isId(32), isValidSpanId = isId(16);
    export const isSpanContextValid = ({ traceId, spanId }) => isValidTraceId(traceId) && isValidSpanId(spanId);
    export const wrapSpanContext = (spanContext) => new NonRecordingSpan(spanContext);`,
  'api/build/esm/diag-api.js': 'export const diag = undefined;',
  'api/build/esm/metrics-api.js': 'export const metrics = undefined;',
  // Registers what the application's own copy of the API will use; injecting and extracting is done there.
  'api/build/esm/propagation-api.js': `
    import { registerGlobal, unregisterGlobal } from './internal/global-utils';
    export const propagation = {
      setGlobalPropagator: (propagator) => registerGlobal('propagation', propagator),
      disable: () => unregisterGlobal('propagation'),
    };`,
};

/** Methods and fields taken out of a class: overridden by us, or never used in a page. */
const MEMBERS = {
  'instrumentation-fetch/build/esm/fetch.js':
    '_addChildSpan _addFinalSpanAttributes _addHeaders _clearResources _findResourceAndAddNetworkEvents _markResourceAsUsed ' +
    '_endSpan _patchConstructor _applyAttributesAfterFetch _callRequestHook _prepareSpanData enable disable ' +
    'component version moduleName _usedResources _tasksCount',
  'instrumentation/build/esm/instrumentation.js':
    'setMeterProvider setLoggerProvider logger meter getModuleDefinitions _runSpanCustomizationHook ' +
    '_updateMetricInstruments _wrap _unwrap _massWrap _massUnwrap',
  'sdk-trace-web/build/esm/WebTracerProvider.js': 'register constructor',
  'sdk-trace/build/esm/TracerProvider.js': 'forceFlush inspectCustom',
  'sdk-trace/build/esm/Tracer.js': 'inspectCustom',
  'sdk-trace/build/esm/Span.js': 'inspectCustom',
};

/** Passages of code that are dead with what we pass: measuring itself, defaults we always replace. */
const PASSAGES = {
  'instrumentation/build/esm/instrumentation.js': [
    'this._diag = diag.createComponentLogger({ namespace: instrumentationName, });',
    'this._tracer = trace.getTracer(instrumentationName, instrumentationVersion);',
    'this._meter = metrics.getMeter(instrumentationName, instrumentationVersion);',
    'this._logger = logs.getLogger(instrumentationName, instrumentationVersion);',
    'this._updateMetricInstruments();',
  ],
  'sdk-trace/build/esm/TracerProvider.js': [
    'this._forceFlushTimeoutMillis = options.forceFlushTimeoutMillis ?? 30000;',
    '?? new ParentBasedSampler({ root: new AlwaysOnSampler(), })',
    '|| new RandomIdGenerator()',
    'meterProvider: options.meterProvider ?? { getMeter() { return createNoopMeter(); }, },',
  ],
  'sdk-trace/build/esm/Tracer.js': [
    "const meter = options.meterProvider.getMeter('@opentelemetry/sdk-trace', VERSION);",
    'this._tracerMetrics = new TracerMetrics(meter);',
    'const recordEndMetrics = this._tracerMetrics.startSpan(parentSpanContext, samplingResult.decision);',
    'recordEndMetrics,',
  ],
  'sdk-trace/build/esm/Span.js': [
    'this._recordEndMetrics = opts.recordEndMetrics;',
    'this._recordEndMetrics?.();',
    'if (this._spanProcessor.onEnding) { this._spanProcessor.onEnding(this); }',
  ],
};

/** An enumeration as TypeScript compiles it, with names for its numbers that nobody asks for. */
const ENUMERATION = /var (\w+);\s*\(function \(\1\) \{(.*?)\}\)\(\1 \|\| \(\1 = \{\}\)\);/gs;
const ENUMERATED = /\w+\[\w+\["(\w+)"\] = (\d+)\] = "\1";/g;

/**
 * @param {{ withApi: boolean }} options whether the bundle holds `@opentelemetry/api` itself
 * @returns {import('rollup').Plugin}
 */
export function otelSwaps({ withApi }) {
  const modules = withApi ? { ...MODULES, ...API_MODULES } : MODULES;
  const unused = new Set([...Object.keys(modules), ...Object.keys(MEMBERS), ...Object.keys(PASSAGES)]);
  const find = (table, id) => {
    const entry = Object.keys(table).find((end) => id.endsWith(`/node_modules/@opentelemetry/${end}`));
    if (entry) unused.delete(entry);
    return table[entry];
  };
  return {
    name: 'otel-swaps',
    load(id) {
      const code = find(modules, id);
      return code ? { code, moduleSideEffects: false } : null;
    },
    transform(code, id) {
      if (!id.includes('/node_modules/@opentelemetry/')) return null;
      const members = new Set(find(MEMBERS, id)?.split(' '));
      const passages = find(PASSAGES, id) ?? [];
      const cuts = [];
      walk(this.parse(code), (node) => {
        if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition') {
          const isNamed = members.delete(node.key.name);
          // A field without a value only says that the constructor will set it.
          if (isNamed || (node.type === 'PropertyDefinition' && !node.value)) cuts.push([node.start, node.end, '']);
          return !isNamed;
        }
        if (isDiagnostic(node)) cuts.push([node.start, node.end, ';']);
        return true;
      });
      for (const passage of passages) {
        const found = new RegExp(passage.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '\\s*')).exec(code);
        if (found) cuts.push([found.index, found.index + found[0].length, '']);
        else members.add(passage);
      }
      for (const { 0: all, 1: name, 2: body, index } of code.matchAll(ENUMERATION)) {
        const entries = [...body.matchAll(ENUMERATED)].map(([, key, value]) => `${key}: ${value}`);
        cuts.push([index, index + all.length, `const ${name} = { ${entries.join(', ')} };`]);
      }
      if (members.size > 0)
        this.error(`${id} has no ${[...members].join(', ')} any more; look at scripts/otel-swaps.js`);
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
