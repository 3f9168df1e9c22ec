// Requests to the endpoint `api` of connector.toml, and answers as checked values.

import { send } from 'jackfield:connector/http@1.1.0';
import { internal, ofError, ofStatus } from './failure.js';

/** Fetches JSON. `segments` are encoded, each for itself: no value can leave its segment. */
export const get = (segments, query = []) => exchange({ method: 'get', segments, query });

/** Posts JSON. The host repeats the request only if a key makes that safe. */
export function post(segments, body, idempotencyKey) {
  const headers = idempotencyKey ? [['idempotency-key', idempotencyKey]] : [];
  return exchange({ method: 'post', segments, headers, body, idempotent: Boolean(idempotencyKey) });
}

function exchange({ method, segments, query = [], headers = [], body, idempotent = false }) {
  const request = {
    endpoint: 'api',
    method,
    path: segments.map((segment) => `/${encodeURIComponent(segment)}`).join(''),
    query,
    headers: [['accept', 'application/json'], ...headers],
    body: undefined,
    timeoutMs: undefined,
    idempotent,
  };
  if (body !== undefined) {
    request.headers.push(['content-type', 'application/json']);
    request.body = new TextEncoder().encode(JSON.stringify(body));
  }
  let response;
  try {
    response = send(request);
  } catch (error) {
    // The `err` side of the contract's result; anything else is a fault of the bindings.
    throw error?.payload?.tag ? ofError(error.payload) : error;
  }
  if (response.status < 200 || response.status >= 300) {
    const retryAfter = response.headers.find(([name]) => name === 'retry-after')?.[1];
    throw ofStatus(response.status, retryAfter);
  }
  try {
    return JSON.parse(new TextDecoder().decode(response.body));
  } catch {
    throw internal('the answer is no JSON');
  }
}

/** A member that must be there and of this type: an answer that is otherwise is not understood, never guessed at. */
export function member(object, name, type) {
  const value = object?.[name];
  if (typeof value !== type) throw internal(`\`${name}\` of the answer is not of type ${type}`);
  return value;
}

/** A text that may be absent. */
export const optionalText = (object, name) =>
  object?.[name] === undefined || object[name] === null ? undefined : member(object, name, 'string');
