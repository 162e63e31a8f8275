/**
 * Members that only the script itself reads, shortened when it is built: it is one closed bundle. What a page, the
 * application's own `@opentelemetry/api`, the inline loader, storage or the wire knows by name must not be here; a test
 * compares with the browser's types and with those contracts.
 */
export const INTERNAL_NAMES =
  // core, activities, contexts, requests
  (
    'activities activity afterMs allows announce answered answeredMs args atMs baggage becomeClick beforeMs begin carryPromise clock contexts core ' +
    'counted describe emit endAll ending foreignContext handover hasOwnTrace heard hold ignores interactionIn isAsync isBusy isHeld isLive identity ' +
    'isOptional keepOpen learn leave mayRecord monotonicMs onLeave originMs policy recent refusedMs requests returned sent sessions settings severity started startSpanAs stops threw ' +
    'tracer tracing viewOf wallMs ' +
    // delivery and session
    'alone answer chars delivery discard failed hurry insert isKept isOpen isSampled keep last ledgers living onAcknowledged onAdvice onDeleted onDrain onEvict onExit onFailure onOpen ' +
    'brace isExiting own take onTooLarge onRefused onReturn pace park retryAfterMs room succeeded timer told waited waitMs ' +
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
