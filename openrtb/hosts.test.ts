import { expect, it } from 'vitest';
import { bareHost, isBareHost } from './hosts.ts';

it.each([
  ['shop.example', 'shop.example'],
  ['Shop.Example', 'shop.example'],
  ['https://www.shop.example/path?q=1#f', 'shop.example'],
  ['//shop.example', 'shop.example'],
  ['shop.example/', 'shop.example'],
  ['user:pw@shop.example:8080', 'shop.example'],
  ['https://user@shop.example:8080', 'shop.example'],
  ['shop.example.', 'shop.example'],
  [' shop.example ', 'shop.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example:443', 'xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['*.shop.example', 'shop.example'],
  ['.shop.example', 'shop.example'],
  ['https://*.www.shop.example/', 'shop.example'],
  ['https://', ''],
])('%s is the host %s', (domain, host) => {
  expect(bareHost(domain)).toBe(host);
  expect(isBareHost(domain)).toBe(domain === host);
});
