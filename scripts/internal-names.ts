/**
 * Members that only the script itself reads, shortened when it is built: it is one closed bundle. What a page, the
 * application's own `@opentelemetry/api`, the inline loader, storage or the wire knows by name must not be here; a test
 * compares with the browser's types and with those contracts.
 */
export const INTERNAL_NAMES =
  // core, activities, contexts, requests
  (
    'activities afterMs allows announce answered answeredMs args atMs becomeClick beforeMs carryPromise clock contexts ' +
    'counted describe endAll ending foreignContext handover hasOwnTrace hold ignores interactionIn isAsync isLive ' +
    'isOptional keepOpen leave mayRecord onLeave originMs policy returned sent settings severity startSpanAs stops threw ' +
    'tracer tracing viewOf ' +
    // delivery and session
    'alone hurry insert isKept isSampled keep ledgers living onAcknowledged onAdvice onDrain onEvict onExit onFailure onOpen ' +
    'brace isExiting onTooLarge onRefused onReturn pace park retryAfterMs room succeeded timer told waitMs ' +
    // OpenTelemetry's own insides; what starts with _ besides
    'attributeCountLimit attributePerEventCountLimit attributePerLinkCountLimit attributeValueLengthLimit decision ' +
    'deleteSpan eventCountLimit generateSpanId generateTraceId getConfig getSpanContext idGenerator ' +
    'instrumentationName instrumentationVersion isSpanContextValid linkCountLimit setConfig ' +
    'setGlobalContextManager setGlobalPropagator setGlobalTracerProvider setSpan setSpanContext setTracerProvider ' +
    'shouldSample spanLimits spanProcessor spanProcessors wrapSpanContext ' +
    // web-vitals
    'firstHiddenTime navigationInteractionId navigationStartTime navigationURL onHidden rating reportAllChanges reportSoftNavs'
  ).split(' ');

/** Read of another SDK's provider, which has them under these names. */
export const FOREIGN_NAMES = ['_activeSpanProcessor', '_spanProcessors'];
