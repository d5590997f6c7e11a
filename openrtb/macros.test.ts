import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMacros, MACRO_NAMES, type MacroValues, renderMacros, renderMacrosWithin } from './macros.ts';

const values: MacroValues = { AUCTION_PRICE: '2.5', AUCTION_ID: 'a/b c', AUCTION_CURRENCY: 'USD', AUCTION_LOSS: null };
const render = (template: string, mode?: 'live' | 'audit') => renderMacros(compileMacros(template), values, mode);

describe('renderMacros', () => {
  it.each([
    ['nothing to do', 'https://dsp.example/n?x=1', 'https://dsp.example/n?x=1'],
    ['a price', 'p=${AUCTION_PRICE}', 'p=2.5'],
    ['several, side by side', '${AUCTION_PRICE}${AUCTION_CURRENCY}|${AUCTION_PRICE}', '2.5USD|2.5'],
    ['values as they are', '${AUCTION_ID}', 'a/b c'],
    ['a missing value', '[${AUCTION_SEAT_ID}]', '[]'],
    ['a null value', '[${AUCTION_LOSS}]', '[]'],
    ['base64', '${AUCTION_PRICE:B64}', 'Mi41'],
    ['base64 of nothing', '[${AUCTION_SEAT_ID:B64}]', '[]'],
    ['an unknown encoding', '${AUCTION_PRICE:ROT13}', '${AUCTION_PRICE:ROT13}'],
    [
      'an unknown macro',
      '${CLICK_URL} ${AUCTION_PRICES} ${auction_price}',
      '${CLICK_URL} ${AUCTION_PRICES} ${auction_price}',
    ],
    ['a JavaScript template', '`${x} ${AUCTION_PRICE}`', '`${x} 2.5`'],
    ['an open brace', '${AUCTION_PRICE', '${AUCTION_PRICE'],
    ['the encoded spelling', 'u=%24%7BAUCTION_PRICE%7D', 'u=2.5'],
    ['the encoded spelling in lower case', 'u=%24%7bAUCTION_ID%7d', 'u=a%2Fb%20c'],
    ['the spelling of encodeURI', 'u=$%7BAUCTION_ID%7D', 'u=a%2Fb%20c'],
    ['the encoded spelling with base64', 'u=%24%7BAUCTION_PRICE%3AB64%7D', 'u=Mi41'],
  ])('%s', (_name, template, expected) => {
    expect(render(template)).toBe(expected);
  });

  it('says AUDIT for values that are not known yet', () => {
    expect(render('${AUCTION_PRICE}/${AUCTION_LOSS}/${AUCTION_AD_ID}', 'audit')).toBe('2.5/AUDIT/AUDIT');
  });

  it('knows every macro of the specification', () => {
    const all = Object.fromEntries(MACRO_NAMES.map((name) => [name, `<${name}>`]));
    const template = compileMacros(MACRO_NAMES.map((name) => `\${${name}}`).join());
    expect(renderMacros(template, all)).toBe(MACRO_NAMES.map((name) => `<${name}>`).join());
  });

  it('does not throw on a lone surrogate', () => {
    expect(renderMacros(compileMacros('%24%7BAUCTION_SEAT_ID%7D'), { AUCTION_SEAT_ID: '\ud800' })).toBe('%EF%BF%BD');
  });

  it('never looks into inserted values', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MACRO_NAMES), fc.constantFrom(...MACRO_NAMES), (outer, inner) => {
        const value = `\${${inner}}`;
        expect(renderMacros(compileMacros(`<\${${outer}}>`), { [outer]: value, [inner]: value })).toBe(`<${value}>`);
      }),
    );
  });

  it('leaves text without our macros alone', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('AUCTION_'));
        expect(render(text)).toBe(text);
      }),
    );
  });
});

describe('renderMacrosWithin', () => {
  const renderWithin = (template: string, lengthMax: number, given: MacroValues = values) =>
    renderMacrosWithin(compileMacros(template), given, lengthMax);

  it.each([
    ['text without macros', 'abc', 3],
    ['a value', 'p=${AUCTION_PRICE}', 5],
    ['the end of the text', '${AUCTION_PRICE}abc', 6],
    ['the length that base64 makes', '${AUCTION_PRICE:B64}', 4],
    ['the length that encoding a URL makes', '%24%7BAUCTION_ID%7D', 9],
    ['nothing', '${AUCTION_LOSS}', 0],
  ])('counts %s', (_name, template, length) => {
    expect(renderWithin(template, length)).toBe(render(template));
    expect(renderWithin(template, length - 1)).toBeNull();
  });

  it('neither throws nor builds what a hostile template multiplies', () => {
    const template = compileMacros('${AUCTION_AD_ID}'.repeat(15_000) + '%24%7BAUCTION_AD_ID%3AB64%7D'.repeat(15_000));
    const startNs = process.hrtime.bigint();
    expect(renderMacrosWithin(template, { AUCTION_AD_ID: 'a'.repeat(450_000) }, 2 ** 20)).toBeNull();
    expect(Number(process.hrtime.bigint() - startNs) / 1e6).toBeLessThan(100);
  });

  it('is renderMacros, or null when that is longer', () => {
    const pieces = fc.constantFrom(
      'x',
      '${AUCTION_PRICE}',
      '${AUCTION_ID:B64}',
      '%24%7BAUCTION_ID%7D',
      '${AUCTION_LOSS}',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), fc.nat(60), (parts, lengthMax) => {
        const text = render(parts.join(''));
        expect(renderWithin(parts.join(''), lengthMax)).toBe(text.length > lengthMax ? null : text);
      }),
    );
  });
});
