import { expect, it } from 'vitest';
import { compileValidator, jsonSchema, type SchemaName } from './json-schema.ts';
import { RULE_CODES, severityOf } from './policy.ts';

const banner = { w: 300, h: 250 };
const request = (fields: object) => ({ id: 'r', imp: [{ id: '1', banner }], ...fields });

it.each<[SchemaName, '2.5' | '2.6', unknown, boolean]>([
  ['request', '2.6', request({}), true],
  ['request', '2.6', request({ regs: { gdpr: 1 } }), true],
  ['request', '2.6', request({ regs: { ext: { gdpr: 1 } } }), false],
  ['request', '2.6', request({ ext: { schain: {} } }), false],
  ['request', '2.6', request({ foo: 1 }), false],
  ['request', '2.6', request({ tmax: 1.5 }), false],
  ['request', '2.6', request({ at: null }), false],
  ['request', '2.6', request({ user: { id: '' } }), false],
  ['request', '2.6', request({ imp: [] }), false],
  ['request', '2.6', { imp: [{ id: '1' }] }, false],
  ['request', '2.5', request({ regs: { ext: { gdpr: 1 } } }), true],
  ['request', '2.5', request({ regs: { gdpr: 1 } }), false],
  ['response', '2.6', { id: 'r', seatbid: [{ bid: [{ id: 'b', impid: '1', price: 1, mtype: 1 }] }], foo: 1 }, true],
  ['response', '2.6', { id: 'r', seatbid: [{ bid: [{ id: 'b', impid: '1', price: '1' }] }] }, false],
  ['response', '2.5', { id: 'r', seatbid: [{ bid: [{ id: 'b', impid: '1', price: 1, tactic: 't' }] }] }, true],
  ['bid', '2.6', { id: 'b', impid: '1', price: Number.POSITIVE_INFINITY }, false],
  ['native-request', '2.6', { assets: [{ id: 1, title: { len: 5 } }], vendor: 1 }, true],
])('%s %s: %j is %s', (name, version, message, expected) => {
  expect(compileValidator(name, version)(message)).toBe(expected);
});

it('is plain JSON', () => {
  const schema = jsonSchema('request', '2.6');
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
});

it('is never judged more severely by a more lenient policy', () => {
  const order = ['notice', 'warn', 'drop', 'reject'];
  const rank = (code: (typeof RULE_CODES)[number], strictness: 'strict' | 'default' | 'lenient') =>
    order.indexOf(severityOf(code, strictness));
  for (const code of RULE_CODES) {
    expect([code, rank(code, 'strict') >= rank(code, 'default')]).toEqual([code, true]);
    expect([code, rank(code, 'default') >= rank(code, 'lenient')]).toEqual([code, true]);
  }
});
