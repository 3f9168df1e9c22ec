// The connector's five functions (wit/world.wit): which function answers which intent, and nothing else.

import * as articleSearch from './intents/article-search.js';
import * as ticketCreate from './intents/ticket-create.js';
import * as ticketStatus from './intents/ticket-status.js';
import { Failure, internal, unsupported } from './failure.js';

// The contract's version that this is written for.
const CONTRACT = '1.1.0';

const INTENTS = {
  // Of the catalogue: the name is enough, the host has the schemas.
  'ticket.status': { run: ticketStatus.run, about: {} },
  'ticket.create': { run: ticketCreate.run, about: {} },
  // The connector's own: it brings its schemas and its words.
  'tidy_desk.article.search': { run: articleSearch.run, about: articleSearch.about },
};

export function describe() {
  const intents = Object.entries(INTENTS).map(([name, { about }]) => ({ name, ...about }));
  return JSON.stringify({ contract: CONTRACT, intents });
}

export function handle(call) {
  const intent = Object.hasOwn(INTENTS, call.intent) ? INTENTS[call.intent] : undefined;
  if (!intent) throw unsupported(`no function answers \`${call.intent}\``);
  try {
    const output = intent.run(call, JSON.parse(call.input), JSON.parse(call.settings));
    return JSON.stringify(output);
  } catch (error) {
    // A mistake of ours is a failure like others. As an exception it would end the instance without a word.
    throw error instanceof Failure ? error : internal(`${error?.name}: ${error?.message}`);
  }
}

export function settle() {
  // Never asked: `describe` names no intent that can be looked for afterwards.
  throw unsupported('Tidy Desk cannot be asked what became of a write');
}

export function receive() {
  throw unsupported('Tidy Desk sends no webhooks');
}

export function pollChanges() {
  throw unsupported('Tidy Desk lists no changes');
}
