/** Native markup in `bid.adm`: an object, the wrapper of Native 1.0 and double encoding are brought to plain 1.2 text. */
import { isJsonObject } from './mend.ts';
import type { MessageReading } from './message-reading.ts';
import { parseBounded } from './native-request.ts';

const WRAPPED = /^\s*\{\s*"native"\s*:\s*\{/;
const ENCODED_TWICE = /^\s*"\s*\{/;

/** The markup as text, or undefined when it is no markup at all. Other kinds of markup come back as they are. */
export function readMarkup(adm: unknown, reading: MessageReading): string | undefined {
  if (isJsonObject(adm)) {
    reading.report('native-object', 'must be a string of JSON; the object is encoded', 'adm');
    return JSON.stringify(takeOffWrapper(adm, reading));
  }
  if (typeof adm !== 'string') return undefined;
  if (!WRAPPED.test(adm) && !ENCODED_TWICE.test(adm)) return adm;
  const content = parseBounded(adm);
  if (typeof content === 'string') {
    reading.report('native-double-encoded', 'was encoded twice; decoded once', 'adm');
    return WRAPPED.test(content) ? unwrapText(content, reading) : content;
  }
  return isJsonObject(content) ? JSON.stringify(takeOffWrapper(content, reading)) : adm;
}

function unwrapText(text: string, reading: MessageReading): string {
  const content = parseBounded(text);
  return isJsonObject(content) ? JSON.stringify(takeOffWrapper(content, reading)) : text;
}

function takeOffWrapper(content: Record<string, unknown>, reading: MessageReading): unknown {
  if (!isJsonObject(content.native)) return content;
  reading.report('native-wrapper', 'the wrapper of Native 1.0 is taken off', 'adm');
  return content.native;
}
