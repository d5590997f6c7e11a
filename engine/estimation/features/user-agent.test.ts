import { describe, expect, it } from 'vitest';
import { browserOf, systemOf, versionAt } from './user-agent.ts';

const WINDOWS_CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

describe('user agent', () => {
  it.each([
    [WINDOWS_CHROME, 'Windows', 10, 'Chrome', 142],
    [`${WINDOWS_CHROME} Edg/141.2.0.0`, 'Windows', 10, 'Edge', 141.2],
    [
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile',
      'Android',
      15,
      'Chrome',
      142,
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile',
      'iOS',
      18.6,
      'WebView',
      605.1,
    ],
    ['Mozilla/5.0 (iPad; CPU OS 17_5_1 like Mac OS X) Version/17.5 Safari/604.1', 'iOS', 17.5, 'Safari', 17.5],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.6 Safari/605.1.15', 'macOS', 10.15, 'Safari', 18.6],
    ['Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0; 360SE)', 'Windows', 5.1, '360', Number.NaN],
    ['Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)', 'Windows', 5.1, 'MSIE', 6],
    ['curl', '', Number.NaN, '', Number.NaN],
    ['', '', Number.NaN, '', Number.NaN],
  ])('of %s', (userAgent, system, systemVersion, browser, browserVersion) => {
    expect(systemOf(userAgent)).toEqual({ family: system, version: systemVersion });
    expect(browserOf(userAgent)).toEqual({ family: browser, version: browserVersion });
  });

  it.each([
    ['18.6', 18.6],
    ['10_15_7', 10.15],
    ['142', 142],
    ['7.', 7],
    ['x', Number.NaN],
    ['', Number.NaN],
    ['99999999999', 999_999],
  ])('reads version %s', (text, version) => {
    expect(versionAt(text)).toBe(version);
  });
});
