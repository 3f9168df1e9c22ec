// `ticket.status`: where a ticket stands, told only to who opened it.

import { get } from '../http.js';
import { address, mustBelongTo, number, ticket } from '../ticket.js';

export function run(call, input, settings) {
  // Who gives no proof is asked for one before anything is sent.
  const email = address(call, input.email, '/email', 'Please give the e-mail address that the ticket was opened with.');
  const found = get(['v1', 'tickets', number(input.ticket_id)]);
  mustBelongTo(email, found);
  return ticket(found, settings);
}
