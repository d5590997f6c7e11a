import { describe, expect, it } from 'vitest';
import { readNativeAnswer, requiredAssetsOf } from './native-answer.ts';

const link = { url: 'https://brand.example' };
const title = { text: 'Hello' };

const answer = (content: unknown) => readNativeAnswer(JSON.stringify(content));

describe('assets of an answer', () => {
  it.each<[string, unknown, readonly string[] | null]>([
    [
      'one of each kind',
      [
        { id: 1, title },
        { id: 2, img: { url: 'https://cdn.example/a.png' } },
        { id: 3, video: { vasttag: '<VAST/>' } },
        { id: 4, data: { value: 'Brand' } },
      ],
      ['1 title', '2 img', '3 video', '4 data'],
    ],
    [
      'an id twice',
      [
        { id: 1, title },
        { id: 1, title },
      ],
      ['1 title'],
    ],
    ['an id as text', [{ id: '7', title }], ['7 title']],
    ['a rating as a number', [{ id: 4, data: { value: 4.5 } }], ['4 data']],
    ['without id', [{ title }], []],
    ['without content', [{ id: 1, title: {} }, { id: 2, img: { url: ' ' } }, { id: 3 }, null, 'x'], []],
    ['no list', { id: 1, title }, []],
    ['none', undefined, []],
  ])('%s', (_name, assets, keys) => {
    expect(answer({ link, assets })).toEqual({ hasLink: true, assets: keys });
  });

  it.each(['assetsurl', 'dcourl'])('are elsewhere with %s', (key) => {
    expect(answer({ link, [key]: 'https://cdn.example/assets' }).assets).toBeNull();
    expect(answer({ link, [key]: '' }).assets).toEqual([]);
  });
});

it.each<[string, unknown, boolean]>([
  ['a URL', { url: 'https://brand.example' }, true],
  ['an empty URL', { url: '' }, false],
  ['trackers only', { clicktrackers: ['https://t.example'] }, false],
  ['text', 'https://brand.example', false],
  ['absent', undefined, false],
])('link: %s', (_name, value, hasLink) => {
  expect(answer({ link: value, assets: [] }).hasLink).toBe(hasLink);
});

it('looks into the wrapper of Native 1.0', () => {
  expect(answer({ native: { link, assets: [{ id: 1, title }] } })).toEqual({ hasLink: true, assets: ['1 title'] });
});

it.each([
  ['broken', '{"assets":[{"id":1'],
  ['no object', '[]'],
  ['nested too deep', `{"assets":${'['.repeat(40)}${']'.repeat(40)}}`],
])('%s JSON shows nothing', (_name, markup) => {
  expect(readNativeAnswer(markup)).toEqual({ hasLink: false, assets: [] });
});

it('names the required assets of a request by id and kind', () => {
  const assets = [
    { id: 1, required: 1, title: { len: 25 } },
    { id: 2, required: 0, img: {} },
    { id: 3, data: { type: 1 } },
    { id: 4, required: 1, data: { type: 2 } },
  ];
  expect(requiredAssetsOf(JSON.stringify({ assets }))).toEqual(['1 title', '4 data']);
});
