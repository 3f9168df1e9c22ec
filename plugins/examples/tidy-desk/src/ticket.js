// Tidy Desk's tickets in the catalogue's words: numbers, codes, times, and whose a ticket is.

import { invalidInput, notFound } from './failure.js';
import { member, optionalText } from './http.js';

const STATUS = { NEW: 'open', WAITING: 'pending', DONE: 'solved', ARCHIVED: 'closed' };
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** The catalogue's ticket of Tidy Desk's; only members that are read. */
export function ticket(found, settings) {
  const state = member(found, 'state', 'string');
  return {
    id: String(member(found, 'number', 'number')),
    subject: member(found, 'subject', 'string'),
    status: code(settings.status_names?.status, state) ?? code(STATUS, state) ?? 'other',
    status_raw: state,
    group: optionalText(found, 'team'),
    created_at: time(found, 'opened'),
    updated_at: time(found, 'changed'),
  };
}

/** The segment of a path: Tidy Desk counts its tickets. Nothing else can be one, so nothing else is asked for. */
export function number(ticketId) {
  const digits = ticketId.replace(/^#/, '');
  if (!/^\d{1,12}$/.test(digits)) throw notFound();
  return digits;
}

/** The address that the person goes by: the verified one of the chat before the one that was typed. */
export function address(call, typed, pointer, sentence) {
  const email = call.user?.email ?? typed;
  if (!email?.trim()) throw invalidInput(pointer, sentence);
  return email.trim().toLowerCase();
}

/** Refuses a ticket of somebody else, with the very failure of one that does not exist. */
export function mustBelongTo(email, found) {
  const owner = optionalText(found?.requester, 'email');
  if (owner?.trim().toLowerCase() !== email) throw notFound();
}

function code(table, word) {
  // An own member: no code is called `constructor`.
  return table && Object.hasOwn(table, word) ? table[word] : undefined;
}

function time(found, name) {
  const text = optionalText(found, name);
  return text !== undefined && RFC_3339.test(text) ? text : undefined;
}
