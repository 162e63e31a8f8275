/**
 * Query parameters whose value is a credential more often than not; compared lower-case. A superset of the list in
 * OpenTelemetry's `url.query` convention (cloud storage signatures).
 */
const SECRET_PARAMETERS = new Set(
  (
    'x-amz-signature x-amz-credential x-amz-security-token awsaccesskeyid signature sig x-goog-signature ' +
    'token access_token refresh_token id_token code state password passwd pwd secret client_secret key api_key apikey ' +
    'auth authorization jwt session sessionid sid otp email nonce'
  ).split(' '),
);
const REDACTED = 'REDACTED';

/**
 * A URL fit for telemetry: no user name, password or fragment, and secret-looking query values replaced by `REDACTED`
 * with their key kept. What is no URL comes back as an empty string, because nothing can be promised about it.
 * @param base resolves a relative `url`
 */
export function redactUrl(url: string, base?: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch {
    return ''; // expected: callers pass what the page passed to fetch
  }
  if (parsed.protocol === 'data:' || parsed.protocol === 'javascript:') return parsed.protocol;
  // Most have nothing to hide, and each setter would put the whole URL together again.
  if (!/[?#@]/.test(parsed.href)) return parsed.href;
  if (parsed.username || parsed.password) {
    parsed.username = REDACTED;
    parsed.password = REDACTED;
  }
  parsed.hash = '';
  parsed.search = redactQuery(parsed.search);
  return parsed.href;
}

/** A query string (with or without `?`) with secret-looking values replaced. Order and the rest stay as they are. */
export function redactQuery(query: string): string {
  return query.replace(/(^\??|&)([^=&]+)=[^&]*/g, (pair, before: string, name: string) =>
    SECRET_PARAMETERS.has(decode(name).toLowerCase()) ? `${before}${name}=${REDACTED}` : pair,
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // expected: a stray % in somebody's query
  }
}

const MAX_TEMPLATE_SEGMENTS = 16;
/** A number; a uuid; what is hexadecimal and what is long, with digits; an address; what has no end. */
const VARIABLE_SEGMENT =
  /^(?:\d+|([\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12})|(?=.*\d)(?:([\da-f]{8,})|(?=.*[a-z])[\w-]{20,})|.*@.*|.{65,})$/is;

/**
 * The default route of a path: segments that are numbers, uuids, hashes or long ids become placeholders, so that names
 * stay few. `/products/42/reviews` becomes `/products/{id}/reviews`; file names keep their shape.
 */
export function templateOf(path: string): string {
  // A request asks several times for its path.
  if (path !== lastPath) [lastPath, lastTemplate] = [path, makeTemplate(path)];
  return lastTemplate;
}

let lastPath = '';
let lastTemplate = '/';

function makeTemplate(path: string): string {
  const segments = path.split('/', MAX_TEMPLATE_SEGMENTS + 1).map((segment) => {
    const [isVariable, uuid, hash] = VARIABLE_SEGMENT.exec(segment) ?? [];
    return isVariable ? (uuid ? '{uuid}' : hash ? '{hash}' : '{id}') : segment;
  });
  return segments.join('/') || '/';
}
