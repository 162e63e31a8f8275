/**
 * Every attribute, event and scope name Throughline writes or reads. Nothing else in the code spells one out, so a
 * change of the semantic conventions is a change of this file.
 *
 * Names follow OpenTelemetry semantic conventions 1.45; `cloudflare.*` those of Cloudflare's own tracing; what neither
 * has is under `throughline.`.
 */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** Instrumentation scopes. */
export const SCOPE_BROWSER = 'throughline/browser';
export const SCOPE_EDGE = 'throughline/edge';
export const SCOPE_MESSAGING = 'throughline/messaging';
/** Log records that carry a page's loss ledger; nothing else comes in this scope. */
export const SCOPE_LEDGER = 'throughline/ledger';

// resource
export const ATTR_SERVICE_NAME = 'service.name';
export const ATTR_SERVICE_VERSION = 'service.version';
export const ATTR_SERVICE_INSTANCE_ID = 'service.instance.id';
export const ATTR_DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name';
export const ATTR_TELEMETRY_SDK_NAME = 'telemetry.sdk.name';
export const ATTR_TELEMETRY_SDK_LANGUAGE = 'telemetry.sdk.language';
export const ATTR_TELEMETRY_SDK_VERSION = 'telemetry.sdk.version';
export const ATTR_TELEMETRY_DISTRO_NAME = 'telemetry.distro.name';
export const ATTR_TELEMETRY_DISTRO_VERSION = 'telemetry.distro.version';
export const ATTR_BROWSER_BRANDS = 'browser.brands';
export const ATTR_BROWSER_PLATFORM = 'browser.platform';
export const ATTR_BROWSER_MOBILE = 'browser.mobile';
export const ATTR_BROWSER_LANGUAGE = 'browser.language';
export const ATTR_USER_AGENT_ORIGINAL = 'user_agent.original';
export const ATTR_GEO_COUNTRY = 'geo.country.iso_code';
export const ATTR_CLOUD_PROVIDER = 'cloud.provider';
export const ATTR_CLOUD_PLATFORM = 'cloud.platform';
export const ATTR_CLOUD_REGION = 'cloud.region';
export const ATTR_FAAS_NAME = 'faas.name';
export const ATTR_FAAS_VERSION = 'faas.version';
export const ATTR_FAAS_TRIGGER = 'faas.trigger';
export const ATTR_FAAS_COLDSTART = 'faas.coldstart';
export const ATTR_FAAS_CRON = 'faas.cron';
export const ATTR_FAAS_TIME = 'faas.time';
export const ATTR_CLOUDFLARE_COLO = 'cloudflare.colo';
export const ATTR_CLOUDFLARE_RAY_ID = 'cloudflare.ray_id';
export const ATTR_CLOUDFLARE_SCRIPT_NAME = 'cloudflare.script_name';
export const ATTR_CLOUDFLARE_SCRIPT_VERSION_ID = 'cloudflare.script_version.id';
export const ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER = 'cloudflare.invocation.sequence.number';

// session, user, page
export const ATTR_SESSION_ID = 'session.id';
export const ATTR_SESSION_PREVIOUS_ID = 'session.previous_id';
export const ATTR_USER_ID = 'user.id';
export const ATTR_USER_HASH = 'user.hash';
/** Id of the page view (one document load or one soft navigation), 16 hex digits. */
export const ATTR_PAGE_VIEW_ID = 'throughline.page_view.id';
/** `page load`, `navigation` or `interaction`; on the root span of an activity only. */
export const ATTR_ACTIVITY = 'throughline.activity';
/** How a page came to be: `navigate`, `reload`, `back-forward`, `back-forward-cache`, `prerender`, `restore`, `soft`. */
export const ATTR_NAVIGATION_TYPE = 'throughline.navigation.type';
/** Why an activity or a request ended before its work did: `page_hidden`, `capped`, `superseded`. */
export const ATTR_END_REASON = 'throughline.end_reason';
/** Why a record of an unsampled session was sent all the same: `error` or `web_vital`. It stands for itself alone. */
export const ATTR_SAMPLING_REASON = 'throughline.sampling.reason';
/** How a parent was found: `proven` by the browser, else `inferred`. */
export const ATTR_CAUSALITY = 'throughline.causality';

// http, url, network
export const ATTR_HTTP_REQUEST_METHOD = 'http.request.method';
export const ATTR_HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const ATTR_HTTP_RESPONSE_BODY_SIZE = 'http.response.body.size';
export const ATTR_HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count';
export const ATTR_HTTP_ROUTE = 'http.route';
export const ATTR_URL_FULL = 'url.full';
export const ATTR_URL_PATH = 'url.path';
export const ATTR_URL_QUERY = 'url.query';
export const ATTR_URL_SCHEME = 'url.scheme';
export const ATTR_URL_TEMPLATE = 'url.template';
export const ATTR_SERVER_ADDRESS = 'server.address';
export const ATTR_SERVER_PORT = 'server.port';
/** Before `server.address`: the logical name of what was called. */
export const ATTR_PEER_SERVICE = 'peer.service';
export const ATTR_CLIENT_ADDRESS = 'client.address';
export const ATTR_NETWORK_PROTOCOL_NAME = 'network.protocol.name';
export const ATTR_NETWORK_PROTOCOL_VERSION = 'network.protocol.version';
export const ATTR_ERROR_TYPE = 'error.type';
/** Event on a server span whose body is made while it is sent: the first chunk left the worker. */
export const EVENT_FIRST_BYTE = 'throughline.response.first_byte';

// resource timing, as the OpenTelemetry browser SIG's working definitions name it; milliseconds from the span's start
export const ATTR_RESOURCE_INITIATOR_TYPE = 'browser.resource_timing.initiator_type';
export const ATTR_RESOURCE_RENDER_BLOCKING = 'browser.resource_timing.render_blocking_status';
/** On the resource that was the largest contentful paint when the page had loaded: `true`. */
export const ATTR_RESOURCE_LCP = 'throughline.resource.largest_contentful_paint';
export const ATTR_RESOURCE_TRANSFER_SIZE = 'browser.resource_timing.transfer_size';
export const ATTR_RESOURCE_DECODED_BODY_SIZE = 'browser.resource_timing.decoded_body_size';
export const ATTR_RESOURCE_DELIVERY_TYPE = 'browser.resource_timing.delivery_type';
/** Phases of a request as `name:start-end` pairs in one string, e.g. `dns:0-12 connect:12-40 request:40-41 wait:41-90 body:90-120`. */
export const ATTR_REQUEST_PHASES = 'throughline.request.phases';
/** True when the server hid the timing phases (no Timing-Allow-Origin): they are unknown, not zero. */
export const ATTR_TIMING_OPAQUE = 'throughline.timing.opaque';

// events (log records with an eventName)
export const EVENT_WEB_VITAL = 'browser.web_vital';
export const ATTR_WEB_VITAL_NAME = 'browser.web_vital.name';
export const ATTR_WEB_VITAL_VALUE = 'browser.web_vital.value';
export const ATTR_WEB_VITAL_DELTA = 'browser.web_vital.delta';
export const ATTR_WEB_VITAL_ID = 'browser.web_vital.id';
export const ATTR_WEB_VITAL_RATING = 'browser.web_vital.rating';
export const ATTR_WEB_VITAL_NAVIGATION_TYPE = 'browser.web_vital.navigation_type';
/** Prefix of what web-vitals' attribution build says: `throughline.web_vital.attribution.<field>`. */
export const ATTR_WEB_VITAL_ATTRIBUTION = 'throughline.web_vital.attribution';
/** Selector of the element the value is about. */
export const ATTR_WEB_VITAL_TARGET = `${ATTR_WEB_VITAL_ATTRIBUTION}.target`;
export const EVENT_EXCEPTION = 'exception';
export const ATTR_EXCEPTION_TYPE = 'exception.type';
export const ATTR_EXCEPTION_MESSAGE = 'exception.message';
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace';
/** On a vital of an interaction: the trace that the interaction began. */
export const ATTR_WEB_VITAL_INTERACTION = 'throughline.web_vital.interaction.trace_id';
/** `true` when nobody caught it (an `error` or `unhandledrejection` event), `false` for `captureException`. */
export const ATTR_EXCEPTION_ESCAPED = 'throughline.exception.uncaught';
/** How many equal exceptions this record stands for. */
export const ATTR_EXCEPTION_COUNT = 'throughline.exception.count';
export const EVENT_SESSION_START = 'session.start';
export const ATTR_NAVIGATION_SAME_DOCUMENT = 'browser.navigation.same_document';
export const EVENT_CLICK = 'browser.user_action.click';
export const ATTR_ELEMENT_TAG = 'browser.tag_name';
export const ATTR_ELEMENT_SELECTOR = 'browser.css_selector';
/** Id of an event, 16 hex digits: an event resent under its id is stored once. */
export const ATTR_EVENT_ID = 'throughline.event.id';

// the loss ledger of a page: totals so far, as they stand when the batch they ride in has arrived
export const EVENT_LEDGER = 'throughline.ledger';
/** Prefix of its attributes: `.page` (id of the document, 16 hex digits) and the counters of `src/wire/ledger.ts`. */
export const ATTR_LEDGER = 'throughline.ledger';

// interactions
export const ATTR_INTERACTION_TYPE = 'throughline.interaction.type';
export const ATTR_INTERACTION_TARGET_ROLE = 'throughline.interaction.target.role';
/** Prefix of the `data-*` attributes a site wants to be told. */
export const ATTR_INTERACTION_TARGET_DATA = 'throughline.interaction.target.data.';
export const ATTR_INTERACTION_TARGET_NAME_LENGTH = 'throughline.interaction.target.name_length';

// databases and messaging (read by the viewer, written by bindings and carriers)
export const ATTR_DB_SYSTEM_NAME = 'db.system.name';
export const ATTR_DB_OPERATION_NAME = 'db.operation.name';
export const ATTR_DB_QUERY_TEXT = 'db.query.text';
export const ATTR_DB_COLLECTION_NAME = 'db.collection.name';
export const ATTR_DB_NAMESPACE = 'db.namespace';
export const ATTR_DB_OPERATION_BATCH_SIZE = 'db.operation.batch.size';
export const ATTR_RPC_SYSTEM_NAME = 'rpc.system.name';
export const ATTR_RPC_METHOD = 'rpc.method';
export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
/** Name of the platform binding a call went through, such as `KV` in `env.KV`. */
export const ATTR_BINDING = 'throughline.binding';
/** False on a span that did no I/O on a platform whose clock stands still meanwhile: its duration is unknown, not zero. */
export const ATTR_DURATION_MEASURABLE = 'throughline.duration.measurable';
/** How often the platform tried this alarm before, 1 and above: its handler threw. */
export const ATTR_ALARM_RETRY_COUNT = 'throughline.alarm.retry_count';
export const ATTR_MESSAGING_SYSTEM = 'messaging.system';
export const ATTR_MESSAGING_OPERATION_NAME = 'messaging.operation.name';
export const ATTR_MESSAGING_OPERATION_TYPE = 'messaging.operation.type';
export const ATTR_MESSAGING_DESTINATION_NAME = 'messaging.destination.name';
export const ATTR_MESSAGING_MESSAGE_ID = 'messaging.message.id';
export const ATTR_MESSAGING_BATCH_MESSAGE_COUNT = 'messaging.batch.message_count';
/** Event on the process span of a batch: the app settled one of its messages. */
export const EVENT_MESSAGE_SETTLED = 'throughline.message.settled';
export const ATTR_MESSAGING_DESTINATION_ANONYMOUS = 'messaging.destination.anonymous';
export const ATTR_MESSAGING_DESTINATION_PARTITION_ID = 'messaging.destination.partition.id';
export const ATTR_MESSAGING_CONSUMER_GROUP_NAME = 'messaging.consumer.group.name';
export const ATTR_MESSAGING_MESSAGE_BODY_SIZE = 'messaging.message.body.size';
export const ATTR_MESSAGING_MESSAGE_CONVERSATION_ID = 'messaging.message.conversation_id';
export const ATTR_MESSAGING_KAFKA_OFFSET = 'messaging.kafka.offset';
export const ATTR_MESSAGING_KAFKA_MESSAGE_TOMBSTONE = 'messaging.kafka.message.tombstone';
export const ATTR_MESSAGING_RABBITMQ_ROUTING_KEY = 'messaging.rabbitmq.destination.routing_key';
export const ATTR_MESSAGING_RABBITMQ_DELIVERY_TAG = 'messaging.rabbitmq.message.delivery_tag';
export const ATTR_AWS_SQS_QUEUE_URL = 'aws.sqs.queue.url';
export const ATTR_AWS_REQUEST_ID = 'aws.request_id';
/** Which delivery of a message this is, 2 and above; where a broker only says "again", 2 means at least 2. */
export const ATTR_MESSAGING_DELIVERY_ATTEMPT = 'throughline.messaging.delivery_attempt';
/** Milliseconds from a message's own timestamp to the start of its processing; two machines' clocks. */
export const ATTR_MESSAGING_QUEUE_TIME = 'throughline.messaging.queue_time_ms';
/** What a consumer told its broker: `ack`, `nack` (dead letter or gone), `requeue`, `lost` (the channel closed before). */
export const ATTR_MESSAGING_SETTLEMENT = 'throughline.messaging.settlement';
/** The queue or topic a message was in before it became a dead letter, and why. */
export const ATTR_MESSAGING_DEAD_LETTER_SOURCE = 'throughline.messaging.dead_letter.source';
export const ATTR_MESSAGING_DEAD_LETTER_REASON = 'throughline.messaging.dead_letter.reason';
/** Messages of a batch whose creation context is not among the span's links, because a span holds 128. */
export const ATTR_MESSAGING_LINKS_DROPPED = 'throughline.messaging.links_dropped';
/** Messages sent without context, because they had no room for it. */
export const ATTR_MESSAGING_CONTEXT_LEFT_OUT = 'throughline.messaging.context_left_out';

// written by the collector
/** On the resource: `public` (sent with a page key) or `trusted` (sent with a secret key, or from this machine). */
export const ATTR_TRUST = 'throughline.trust';
/** On the resource: the id (not the value) of the key a batch came with. */
export const ATTR_KEY_ID = 'throughline.key.id';
/** On the resource: collector clock minus sender clock when the batch came, in ms; includes the way of the request. */
export const ATTR_CLOCK_OFFSET = 'throughline.clock.offset_ms';

// page load, milliseconds from the page view's start, as the OpenTelemetry browser SIG's working definitions name them
export const ATTR_NAVIGATION_DOM_INTERACTIVE = 'browser.navigation_timing.dom_interactive';
export const ATTR_NAVIGATION_DOM_CONTENT_LOADED = 'browser.navigation_timing.dom_content_loaded_event_end';
export const ATTR_NAVIGATION_LOAD_END = 'browser.navigation_timing.load_event_end';
export const ATTR_NAVIGATION_REDIRECT_COUNT = 'browser.navigation_timing.redirect_count';
/** What a page load fetched, by initiator type: `img:12/340211 script:3/80211` is count and transferred bytes. */
export const ATTR_RESOURCES = 'throughline.resources';

// sockets and streams the page holds open
export const EVENT_CONNECTION_CLOSED = 'throughline.connection.closed';
/** `websocket` or `eventsource`. */
export const ATTR_CONNECTION_KIND = 'throughline.connection.kind';
export const ATTR_CONNECTION_MESSAGES_RECEIVED = 'throughline.connection.messages_received';
export const ATTR_CONNECTION_BYTES_RECEIVED = 'throughline.connection.bytes_received';
export const ATTR_CONNECTION_MESSAGES_SENT = 'throughline.connection.messages_sent';
export const ATTR_CONNECTION_BYTES_SENT = 'throughline.connection.bytes_sent';
/** Milliseconds from the connection's start to its first message. */
export const ATTR_CONNECTION_FIRST_MESSAGE = 'throughline.connection.first_message_ms';
export const ATTR_CONNECTION_DURATION = 'throughline.connection.duration_ms';
export const ATTR_CONNECTION_CLOSE_CODE = 'throughline.connection.close_code';

// what kept the main thread busy; times in milliseconds
export const ATTR_FRAME_BLOCKING = 'throughline.frame.blocking_ms';
/** The longest scripts of a frame as `source#function invoker duration+forced layout`, longest first. */
export const ATTR_FRAME_SCRIPTS = 'throughline.frame.scripts';
export const ATTR_INTERACTION_INPUT_DELAY = 'throughline.interaction.input_delay_ms';
export const ATTR_INTERACTION_PROCESSING = 'throughline.interaction.processing_ms';
export const ATTR_INTERACTION_PRESENTATION_DELAY = 'throughline.interaction.presentation_delay_ms';
/** From the event to the last paint that the browser says came of it. */
export const ATTR_INTERACTION_PAINT = 'throughline.interaction.contentful_paint_ms';
/** On a click event: `rage` (repeated) or `dead` (led to nothing). */
export const ATTR_CLICK_FRUSTRATION = 'throughline.click.frustration';

// console, GraphQL
export const EVENT_CONSOLE = 'browser.console';
export const ATTR_CONSOLE_METHOD = 'browser.console.method';
export const ATTR_GRAPHQL_OPERATION_NAME = 'graphql.operation.name';
