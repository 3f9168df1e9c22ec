// `tidy_desk.article.search`: help pages for a question. The catalogue has no word for it, so that the connector brings
// its own schemas (JSON Schema 2020-12) and its own template.

import { internal } from '../failure.js';
import { get, member } from '../http.js';

const ARTICLES_MAX = 3;

const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export const about = {
  effect: 'read',
  title: 'Search help pages',
  description: 'Finds help pages that may answer a question.',
  input_schema: object({
    query: { description: 'What to look for.', type: 'string', minLength: 1, maxLength: 200, 'x-normalize': 'trim' },
  }),
  output_schema: object({
    articles: {
      description: 'The best first.',
      type: 'array',
      maxItems: ARTICLES_MAX,
      items: object({
        title: { description: 'What it is called.', type: 'string' },
        url: { description: 'Where it is.', type: 'string', pattern: '^https://', 'x-format': 'url' },
      }),
    },
  }),
  template:
    '{% if articles %}These pages may help:{% for article in articles %}\n- {{ article.title }}: {{ article.url }}' +
    '{% endfor %}{% else %}I found no help page about that.{% endif %}',
};

export function run(_call, input) {
  const found = member(get(['v1', 'articles'], [['q', input.query], ['limit', String(ARTICLES_MAX)]]), 'articles', 'object');
  if (!Array.isArray(found)) throw internal('`articles` of the answer is no list');
  const articles = found.map((article) => ({
    title: member(article, 'title', 'string'),
    url: member(article, 'url', 'string'),
  }));
  // A link that is no web page is not handed to people.
  return { articles: articles.filter(({ url }) => url.startsWith('https://')).slice(0, ARTICLES_MAX) };
}
