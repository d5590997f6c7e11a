/** Renders the schemas as `docs/event-types.md`, so that the page cannot say anything else. */
import { AUCTION_EVENT_VERSION } from '../exchange/auction-event.ts';
import { EVENT_SCHEMAS, type EventSchema, type EventType, type JsonSchema } from './event-schemas.ts';
import { OUTCOME_EVENT_VERSION } from './outcome-events.ts';

const INTRODUCTION = `# Event types

Made from \`engine/events/event-schemas.ts\` (\`npm run docs:events\`); change it there. Where events are stored, and what is promised of them:
[event log](events.md). How those of ads come about: [tracking](tracking.md).

One JSON object each, UTF-8. **Idempotency key:** \`id\`; of an auction, \`auctionId\`. The same thing told twice has the same key, and counts once.
**Message key:** \`userKey\`, else \`auctionId\`, so one user's events stay in order in one partition.

**Versions.** The version of \`auction\` is ${AUCTION_EVENT_VERSION}, that of all others ${OUTCOME_EVENT_VERSION}. A reader takes its own version, older ones and the next, and passes over fields it does not know. A field comes
as optional and may be required one version later; a required one becomes optional before it goes; lists of values are closed.
\`engine/events/released/\` holds the JSON Schema and a sample of each version.
`;

const FIELDS_HEAD = '| Field | Type | Meaning |\n| --- | --- | --- |\n';

export function documentEvents(): string {
  const sections = (Object.keys(EVENT_SCHEMAS) as EventType[]).map((type) => sectionOf(type, EVENT_SCHEMAS[type]));
  return `${[INTRODUCTION, ...sections].join('\n').trimEnd()}\n`;
}

function sectionOf(type: EventType, schema: EventSchema): string {
  return `## \`${type}\`\n\n${schema.description}\n\n${FIELDS_HEAD}${rowsOf('', schema)}`;
}

function rowsOf(path: string, schema: EventSchema): string {
  return Object.entries(schema.properties)
    .filter(([key]) => key !== 'type')
    .map(([key, property]) => rowOf(`${path}${key}`, property, schema.required.includes(key)))
    .join('');
}

function rowOf(path: string, property: JsonSchema, isRequired: boolean): string {
  const description = (property.description as string | undefined) ?? '';
  const row = `| \`${path}\`${isRequired ? '' : ' (optional)'} | ${typeOf(property)} | ${description} |\n`;
  return `${row}${partsOf(property)
    .map((part) => rowsOf(`${path}.`, part))
    .join('')}`;
}

function partsOf(property: JsonSchema): readonly EventSchema[] {
  if (property.properties !== undefined) return [property as EventSchema];
  return (property.oneOf as readonly EventSchema[] | undefined) ?? [];
}

function typeOf({ type, enum: values, const: value, oneOf }: JsonSchema): string {
  if (value !== undefined) return `\`${value}\``;
  if (values !== undefined) return (values as readonly unknown[]).map((one) => `\`${one}\``).join(', ');
  if (oneOf !== undefined) return 'one of';
  return Array.isArray(type) ? type.join(' or ') : (type as string);
}
