/** Operating system and browser out of a user agent string: families and versions, as coarse as click rates need them. */

interface Token {
  readonly family: string;
  /** What names the family; its version, if any, follows. */
  readonly text: string;
}

export interface Family {
  /** Empty when not recognised. */
  readonly family: string;
  /** `18.6` for 18_6_1; NaN when there is none. */
  readonly version: number;
}

/** The first that is found counts: those that also name another's token come before it. */
const BROWSERS: readonly Token[] = [
  { family: 'Edge', text: 'Edg/' },
  { family: 'Edge', text: 'Edge/' },
  { family: 'Opera', text: 'OPR/' },
  { family: 'Opera', text: 'Opera/' },
  { family: 'Samsung', text: 'SamsungBrowser/' },
  { family: 'UC', text: 'UCBrowser/' },
  { family: 'WeChat', text: 'MicroMessenger/' },
  { family: 'QQ', text: 'QQBrowser/' },
  { family: 'QQ', text: 'TencentTraveler ' },
  { family: '360', text: '360SE' },
  { family: 'Sogou', text: 'MetaSr ' },
  { family: 'Liebao', text: 'LBBROWSER' },
  { family: 'Maxthon', text: 'Maxthon' },
  { family: 'TheWorld', text: 'TheWorld' },
  { family: 'Firefox', text: 'Firefox/' },
  { family: 'Firefox', text: 'FxiOS/' },
  { family: 'Chrome', text: 'CriOS/' },
  { family: 'Chrome', text: 'Chrome/' },
  { family: 'MSIE', text: 'MSIE ' },
  { family: 'MSIE', text: 'Trident/' },
  { family: 'Safari', text: 'Version/' },
  { family: 'WebView', text: 'AppleWebKit/' },
];

const SYSTEMS: readonly Token[] = [
  { family: 'Windows Phone', text: 'Windows Phone ' },
  { family: 'Windows', text: 'Windows NT ' },
  { family: 'Windows', text: 'Windows ' },
  { family: 'Tizen', text: 'Tizen ' },
  { family: 'webOS', text: 'Web0S' },
  { family: 'Android', text: 'Android ' },
  { family: 'iOS', text: 'iPhone OS ' },
  { family: 'iOS', text: 'CPU OS ' },
  { family: 'macOS', text: 'Mac OS X ' },
  { family: 'ChromeOS', text: 'CrOS ' },
  { family: 'Linux', text: 'Linux' },
];

const UNKNOWN: Family = { family: '', version: Number.NaN };

export function browserOf(userAgent: string): Family {
  return find(BROWSERS, userAgent);
}

export function systemOf(userAgent: string): Family {
  return find(SYSTEMS, userAgent);
}

function find(tokens: readonly Token[], userAgent: string): Family {
  for (const { family, text } of tokens) {
    const at = userAgent.indexOf(text);
    if (at >= 0) return { family, version: versionAt(userAgent, at + text.length) };
  }
  return UNKNOWN;
}

/** Major and minor number of `text` from `start` on, whose parts a point or an underscore separates. */
export function versionAt(text: string, start = 0): number {
  let end = start;
  const major = digitsFrom(text, start);
  if (Number.isNaN(major)) return major;
  while (isDigit(text.charCodeAt(end))) end++;
  if (text[end] !== '.' && text[end] !== '_') return major;
  const minor = digitsFrom(text, end + 1);
  return Number.isNaN(minor) ? major : major + (minor < 10 ? minor / 10 : minor / 10 ** String(minor).length);
}

function digitsFrom(text: string, start: number): number {
  let value = Number.NaN;
  for (let at = start; isDigit(text.charCodeAt(at)) && at < start + 6; at++) {
    value = (Number.isNaN(value) ? 0 : value * 10) + text.charCodeAt(at) - 48;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
