// The ways in which a call can fail (`failure` in wit/types.wit). The engine hands `payload` to the host.

export class Failure extends Error {
  constructor(tag, val, detail) {
    super(detail);
    this.payload = { kind: val === undefined ? { tag } : { tag, val }, detail };
  }
}

/** One field of the input is wrong; the sentence is for the user. */
export const invalidInput = (pointer, sentence) =>
  new Failure('invalid-input', [{ pointer, detail: sentence }], `${pointer} is missing or wrong`);
/** No such object, or not this user's: nobody learns which. */
export const notFound = () => new Failure('not-found', undefined, '');
/** The system's own rule; the sentence is for the user and ours, never the system's. */
export const rejected = (sentence, detail) => new Failure('rejected', sentence, detail);
/** The system or this connector cannot do that. */
export const unsupported = (detail) => new Failure('unsupported', undefined, detail);
/** A fault of ours, or an answer that cannot be understood. */
export const internal = (detail) => new Failure('internal', undefined, detail);

/** What an answer that is no success means. Its body is not looked at: a system's words are not for a user. */
export function ofStatus(status, retryAfter) {
  const detail = `Tidy Desk answered with status ${status}`;
  switch (status) {
    case 401: return new Failure('reauth-required', undefined, detail);
    case 403: return new Failure('denied', undefined, detail);
    case 404: case 410: return notFound();
    case 409: return new Failure('conflict', undefined, detail);
    case 422: return rejected('The helpdesk did not accept this request.', detail);
    // `option<u32>`: absent where the system does not say how long to wait.
    case 429: return new Failure('rate-limited', milliseconds(retryAfter) ?? null, detail);
    default: return status >= 500 ? new Failure('unavailable', undefined, detail) : internal(detail);
  }
}

/** What it means that there was no answer (`error` in wit/http.wit). */
export function ofError({ tag, val }) {
  const detail = typeof val === 'string' ? val : `the request ended with \`${tag}\``;
  switch (tag) {
    case 'denied': return new Failure('denied', undefined, detail);
    case 'timeout': return new Failure('timeout', undefined, detail);
    case 'unavailable': return new Failure('unavailable', undefined, detail);
    case 'rate-limited': return new Failure('rate-limited', val ?? null, detail);
    case 'reauth-required': return new Failure('reauth-required', undefined, detail);
    default: return internal(detail);
  }
}

function milliseconds(retryAfter) {
  // Seconds, also with a fraction; a date is left to the host, which has a clock.
  const seconds = Number(retryAfter ?? NaN);
  return seconds >= 0 && seconds < 86_400 ? Math.ceil(seconds * 1_000) : undefined;
}
