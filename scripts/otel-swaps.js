import { swapModules } from './swap-modules.js';

/**
 * Leaves out of the page what OpenTelemetry carries and a page never runs: configuration from environment variables,
 * metrics about itself, its own patching and diagnostics, the parts of the fetch instrumentation we override.
 */

/** Whole modules replaced by what is left to do. */
const MODULES = {
  // Reads OTEL_* and merges it with what we pass; the provider itself has the same defaults.
  'sdk-trace-base/build/esm/BasicTracerProvider-shim.js':
    "export { TracerProvider as BasicTracerProvider } from '@opentelemetry/sdk-trace';",
  'sdk-trace/build/esm/inspect.js':
    "export const inspectCustom = Symbol(); export const formatInspect = () => ''; export const settledResourceAttributes = () => ({});",
  // Scopes are not told apart, there is one processor, and defaults are always replaced.
  'sdk-trace/build/esm/TracerProvider.js': `
    import { Tracer } from './Tracer';
    export class TracerProvider {
      constructor(options) {
        this._tracer = new Tracer({}, { ...options, spanProcessor: options.spanProcessors[0] });
      }
      getTracer() { return this._tracer; }
    }`,
  'instrumentation/build/esm/shimmer.js':
    'export const wrap = undefined, unwrap = undefined, massWrap = undefined, massUnwrap = undefined;',
  // The same rules, said once: primitives, and arrays of one kind of them with gaps. Used for events and links alone, so it
  // holds their limits as well.
  'core/build/esm/common/attributes.js': `
    const isPrimitive = (value) => /^(string|number|boolean)$/.test(typeof value);
    const isPresent = (value) => value != null;
    export function isAttributeValue(value) {
      if (!Array.isArray(value)) return !isPresent(value) || isPrimitive(value);
      const present = value.filter(isPresent);
      return present.every((item) => isPrimitive(item) && typeof item === typeof present[0]);
    }
    export function sanitizeAttributes(attributes, cut) {
      const given = Object.entries(typeof attributes === 'object' && attributes || {});
      const sane = given.filter(([key, value]) => key && isAttributeValue(value)).slice(0, 128);
      return Object.fromEntries(sane.map(([key, value]) => [key, cut(value)]));
    }`,
  'core/build/esm/utils/url.js': 'export const urlMatches = undefined, isUrlIgnored = undefined;',
  'instrumentation-fetch/build/esm/utils.js':
    'export const getFetchBodyLength = undefined, serverPortFromUrl = undefined, normalizeHttpRequestMethod = undefined;',
};

/**
 * The same for the API, which only the script tag bundles: what registers us where an application's own copy of the API
 * looks. Proxies, which a copy needs for tracers asked for before a provider is there, are of no use in ours.
 */
const API_MODULES = {
  // Chains of values in place of copied tables.
  'api/build/esm/context/context.js': `
    const contextOf = (getValue) => {
      const setValue = (added, value) => contextOf((key) => (key === added ? value : getValue(key)));
      return { getValue, setValue, deleteValue: setValue };
    };
    export const createContextKey = Symbol.for;
    export const ROOT_CONTEXT = contextOf(() => undefined);`,
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
    const IDS = /^(?!0*-)[\\da-f]{32}-(?!0*$)[\\da-f]{16}$/i;
    export const isValidTraceId = undefined, isValidSpanId = undefined;
    export const isSpanContextValid = ({ traceId, spanId }) => IDS.test(traceId + '-' + spanId);
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
    'component version moduleName _usedResources _tasksCount constructor init',
  // It enables itself; ours does, once it can.
  'instrumentation/build/esm/platform/browser/instrumentation.js': 'constructor',
  'instrumentation/build/esm/instrumentation.js':
    'constructor setMeterProvider setLoggerProvider logger meter getModuleDefinitions _runSpanCustomizationHook ' +
    '_updateMetricInstruments _wrap _unwrap _massWrap _massUnwrap getConfig setConfig _config',
  'sdk-trace-web/build/esm/WebTracerProvider.js': 'register constructor',
  'sdk-trace/build/esm/Tracer.js': 'inspectCustom',
  'sdk-trace/build/esm/Span.js':
    '_truncateToLimitUtil inspectCustom duration ended droppedEventsCount droppedLinksCount _droppedEventsCount _droppedLinksCount _duration',
};

/** Passages of code that are dead with what we pass: measuring itself, defaults we always replace. */
const PASSAGES = {
  'instrumentation-fetch/build/esm/fetch.js': [
    // Said with the rest of the request, its URL redacted.
    `if (core.isUrlIgnored(url, this.getConfig().ignoreUrls)) {
      this._diag.debug('ignoring span as url matches ignored url');
      return;
    }
    const attributes = {};
    const origMethod = options.method;
    const normMethod = normalizeHttpRequestMethod(options.method || 'GET');
    const name = normMethod;
    attributes[ATTR_HTTP_REQUEST_METHOD] = normMethod;
    if (normMethod !== origMethod) { attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = origMethod; }
    attributes[ATTR_URL_FULL] = url;`,
    [
      'startSpan(name, { kind: SpanKind.CLIENT, attributes, });',
      'startSpan(options.method, { kind: SpanKind.CLIENT });',
    ],
  ],
  'instrumentation/build/esm/instrumentation.js': [
    // What we give it knows its one tracer.
    ['tracerProvider.getTracer(this.instrumentationName, this.instrumentationVersion);', 'tracerProvider.getTracer();'],
  ],
  'sdk-trace/build/esm/Tracer.js': [
    'this.instrumentationScope = instrumentationScope;',
    'this._resource = options.resource;',
    "const meter = options.meterProvider.getMeter('@opentelemetry/sdk-trace', VERSION);",
    'this._tracerMetrics = new TracerMetrics(meter);',
    // The span looks at each attribute and link again, and our sampler adds none.
    [
      `const links = (options.links ?? []).map(link => {
        return { context: link.context, attributes: sanitizeAttributes(link.attributes), };
      });`,
      'const { links, attributes } = options;',
    ],
    'const attributes = sanitizeAttributes(options.attributes);',
    'const recordEndMetrics = this._tracerMetrics.startSpan(parentSpanContext, samplingResult.decision);',
    'const initAttributes = sanitizeAttributes(Object.assign(attributes, samplingResult.attributes));',
    ['attributes: initAttributes,', 'attributes,'],
    'resource: this._resource, scope: this.instrumentationScope,',
    'recordEndMetrics,',
    [
      `let opts;
      let ctx;
      let fn;
      if (arguments.length < 2) { return; }
      else if (arguments.length === 2) { fn = arg2; }
      else if (arguments.length === 3) { opts = arg2; fn = arg3; }
      else { opts = arg2; ctx = arg3; fn = arg4; }`,
      `const more = [arg2, arg3, arg4].slice(0, arguments.length - 1);
      const fn = more.pop(), [opts, ctx] = more;
      if (!fn) return;`,
    ],
  ],
  'sdk-trace/build/esm/Span.js': [
    // Written into the batch by our delivery.
    'this.resource = opts.resource; this.instrumentationScope = opts.scope;',
    'this._recordEndMetrics = opts.recordEndMetrics;',
    'this._recordEndMetrics?.();',
    'if (this._spanProcessor.onEnding) { this._spanProcessor.onEnding(this); }',
    // The limits that are the same for everybody; those of an event's and a link's attributes are in `sanitizeAttributes`.
    'const { attributeCountLimit } = this._spanLimits;',
    [
      'attributeCountLimit !== undefined && this._attributesCount >= attributeCountLimit',
      'this._attributesCount >= 128',
    ],
    [
      `const { eventCountLimit } = this._spanLimits;
      if (eventCountLimit === 0) {
        diag.warn('No events allowed.');
        this._droppedEventsCount++;
        return this;
      }
      if (eventCountLimit !== undefined && this.events.length >= eventCountLimit) {
        if (this._droppedEventsCount === 0) { diag.debug('Dropping extra events.'); }
        this.events.shift();
        this._droppedEventsCount++;
      }`,
      'if (this.events.length >= 128) this.events.shift();',
    ],
    [
      `const sanitized = sanitizeAttributes(attributesOrStartTime);
      const { attributePerEventCountLimit } = this._spanLimits;
      const attributes = {};
      let droppedAttributesCount = 0;
      let eventAttributesCount = 0;
      for (const attr in sanitized) {
        if (!Object.prototype.hasOwnProperty.call(sanitized, attr)) { continue; }
        const attrVal = sanitized[attr];
        if (attributePerEventCountLimit !== undefined && eventAttributesCount >= attributePerEventCountLimit) {
          droppedAttributesCount++;
          continue;
        }
        attributes[attr] = this._truncateToSize(attrVal);
        eventAttributesCount++;
      }`,
      'const attributes = sanitizeAttributes(attributesOrStartTime, (value) => this._truncateToSize(value));',
    ],
    ['time: this._getTime(timeStamp), droppedAttributesCount,', 'time: this._getTime(timeStamp),'],
    [
      `const { linkCountLimit } = this._spanLimits;
      if (linkCountLimit === 0) {
        this._droppedLinksCount++;
        return this;
      }
      if (linkCountLimit !== undefined && this.links.length >= linkCountLimit) {
        if (this._droppedLinksCount === 0) { diag.debug('Dropping extra links.'); }
        this.links.shift();
        this._droppedLinksCount++;
      }
      const { attributePerLinkCountLimit } = this._spanLimits;
      const sanitized = sanitizeAttributes(link.attributes);
      const attributes = {};
      let droppedAttributesCount = 0;
      let linkAttributesCount = 0;
      for (const attr in sanitized) {
        if (!Object.prototype.hasOwnProperty.call(sanitized, attr)) { continue; }
        const attrVal = sanitized[attr];
        if (attributePerLinkCountLimit !== undefined && linkAttributesCount >= attributePerLinkCountLimit) {
          droppedAttributesCount++;
          continue;
        }
        attributes[attr] = this._truncateToSize(attrVal);
        linkAttributesCount++;
      }
      const processedLink = { context: link.context };
      if (linkAttributesCount > 0) { processedLink.attributes = attributes; }
      if (droppedAttributesCount > 0) { processedLink.droppedAttributesCount = droppedAttributesCount; }
      this.links.push(processedLink);`,
      `if (this.links.length >= 128) this.links.shift();
      const attributes = sanitizeAttributes(link.attributes, (value) => this._truncateToSize(value));
      this.links.push({ context: link.context, attributes });`,
    ],
    // Asked for by nobody once it is known that the end is not before the start.
    [
      'this._duration = hrTimeDuration(this.startTime, this.endTime); if (this._duration[0] < 0)',
      'if ((this.endTime[0] - this.startTime[0] || this.endTime[1] - this.startTime[1]) < 0)',
    ],
    'this._duration = [0, 0];',
    // One distance between the two clocks, which our processor knows better, serves all times of a span.
    [
      `this._performanceStartTime = otperformance.now();
      this._performanceOffset = now - (this._performanceStartTime + otperformance.timeOrigin);`,
      'this._performanceOffset = now - otperformance.now();',
    ],
    [
      `if (typeof inp === 'number' && inp <= otperformance.now()) {
        return hrTime(inp + this._performanceOffset);
      }
      if (typeof inp === 'number') { return millisToHrTime(inp); }`,
      `if (typeof inp === 'number')
        return millisToHrTime(inp <= otperformance.now() ? inp + this._performanceOffset : inp);`,
    ],
    [
      `if (this._startTimeProvided) { return millisToHrTime(Date.now()); }
      const msDuration = otperformance.now() - this._performanceStartTime;
      return addHrTimes(this.startTime, millisToHrTime(msDuration));`,
      'return millisToHrTime(otperformance.now() + this._performanceOffset);',
    ],
    // Only for the diagnostics.
    ['if (this._droppedEventsCount > 0)', 'if (false)'],
    ['if (this._droppedLinksCount > 0)', 'if (false)'],
    // Said shorter.
    [
      `if (value == null || this._isSpanEnded()) return this;
      if (key.length === 0) {
        diag.warn(\`Invalid attribute key: \${key}\`);
        return this;
      }
      if (!isAttributeValue(value)) {
        diag.warn(\`Invalid attribute value set for key: \${key}\`);
        return this;
      }`,
      'if (value == null || !key || !isAttributeValue(value) || this._isSpanEnded()) return this;',
    ],
    ['!Object.prototype.hasOwnProperty.call(this.attributes, key)', '!Object.hasOwn(this.attributes, key)'],
    ['Object.prototype.hasOwnProperty.call(attributes, key)', 'Object.hasOwn(attributes, key)'],
    [
      `if (limit <= 0) {
        diag.warn(\`Attribute value limit must be positive, got \${limit}\`);
        return value;
      }
      if (typeof value === 'string') { return this._truncateToLimitUtil(value, limit); }
      if (Array.isArray(value)) {
        return value.map(val => typeof val === 'string' ? this._truncateToLimitUtil(val, limit) : val);
      }`,
      `if (typeof value === 'string') return value.slice(0, limit);
      if (Array.isArray(value)) return value.map((item) => this._truncateToSize(item));`,
    ],
  ],
};

/**
 * @param {{ withApi: boolean }} options whether the bundle holds `@opentelemetry/api` itself
 * @returns {import('rollup').Plugin}
 */
export const otelSwaps = ({ withApi }) =>
  swapModules({
    folder: '@opentelemetry',
    source: 'scripts/otel-swaps.js',
    modules: withApi ? { ...MODULES, ...API_MODULES } : MODULES,
    members: MEMBERS,
    passages: PASSAGES,
  });
