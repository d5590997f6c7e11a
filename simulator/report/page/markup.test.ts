import { expect, it } from 'vitest';
import { html, Markup, shortText } from './markup.ts';

it('escapes what is put into a template, in text and attributes', () => {
  const hostile = `<script>"'&`;
  expect(html`<a title="${hostile}">${hostile}</a>`.text).toBe(
    '<a title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</a>',
  );
});

it('takes markup as it is, lists one by one, and null for nothing', () => {
  expect(html`<ul>${[html`<li>${1}</li>`, new Markup('<li>2</li>'), 'a<b']}${null}</ul>`.text).toBe(
    '<ul><li>1</li><li>2</li>a&lt;b</ul>',
  );
});

it('neutralises what speaks to terminals or turns text', () => {
  expect(html`${'a\u001b[31m\u202eb'}`.text).toBe('a\ufffd[31m\ufffdb');
});

it('shortens by signs, not by halves of them', () => {
  expect([shortText('dsp-1', 5), shortText('dsp-12', 5), shortText('😀😀😀😀', 3)]).toEqual([
    'dsp-1',
    'dsp-…',
    '😀😀…',
  ]);
});
