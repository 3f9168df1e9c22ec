// `ticket.create`: opens a ticket in the customer's name.

import { post } from '../http.js';
import { address, ticket } from '../ticket.js';

export function run(call, input, settings) {
  const email = address(call, input.requester_email, '/requester_email', 'Please give the e-mail address to answer to.');
  const draft = {
    subject: input.subject,
    body: input.description,
    requester: { email, name: input.requester_name },
    urgent: input.priority === 'urgent',
  };
  return ticket(post(['v1', 'tickets'], draft, call.idempotencyKey), settings);
}
