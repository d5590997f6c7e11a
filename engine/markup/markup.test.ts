import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { withCreativeMacros, withoutCreativeMacros } from './creative-macros.ts';
import { type MarkupKind, renderTemplate, trackedTemplate, untrackedTemplate } from './markup-template.ts';

const RULES = { playbackPoints: ['midpoint'], hasEventTrackers: false } as const;

/** With a URL that says what it is for; null: left alone. */
function tracked(
  markup: string,
  kind: MarkupKind,
  rules: Parameters<typeof trackedTemplate>[2] = RULES,
): string | null {
  const template = trackedTemplate(markup, kind, rules);
  return template === null ? null : renderTemplate(template, ({ code }) => `{${code}}`);
}

describe('HTML', () => {
  const image =
    '<img src="{impression}" width="1" height="1" alt="" style="position:absolute;left:0;top:0;visibility:hidden">';

  test.each([
    ['a fragment', '', '<b>an ad</b>'],
    ['a fragment with a comment first', '', '<!-- <body> --><a href="x">an ad</a>'],
    ['a script', '', '<script>document.write("<body>")</script>'],
    ['a fragment that does not end', '', '<div class="a"><p>an ad'],
    ['a document', '<!DOCTYPE html><html><head><title><body></title></head><BODY onload="a>b">', 'an ad</body></html>'],
    [
      'a document with scripts first',
      '<html><script>"<body>"</script><!-- <body> --><body>',
      '<script src="a"></script>',
    ],
    ['a body alone', ' \n<body>', 'an ad</body>'],
  ])('%s has the image where nothing comes before it', (_what, before, behind) => {
    expect(tracked(before + behind, 'html')).toBe(`${before}${image}${behind}`);
  });

  test.each([
    ['text', 'an ad'],
    ['JSON', '{"a": 1}'],
    ['a document without a body tag', '<!doctype html><html><head><title>t</title></head>an ad</html>'],
    ['AMP', '<!doctype html><html ⚡4ads lang="en"><head></head><body>an ad</body></html>'],
    ['a comment that does not end', '<!-- <b>an ad</b>'],
    ['a tag that does not end', '<html><body class="a'],
  ])('%s is left alone', (_what, markup) => {
    expect(tracked(markup, 'html')).toBeNull();
  });
});

describe('VAST', () => {
  const error = '<Error><![CDATA[{error}&e=[ERRORCODE]]]></Error>';
  const impression = `${error}<Impression id="gavel"><![CDATA[{impression}]]></Impression>`;
  const point = '<Tracking event="midpoint"><![CDATA[{midpoint}]]></Tracking>';
  const click = '<ClickTracking id="gavel"><![CDATA[{click}]]></ClickTracking>';

  it('has all of it beside its own', () => {
    const [head, inImpression, inEvents, inClicks, tail] = [
      '<?xml version="1.0"?><VAST version="3.0"><!-- <InLine> --><Ad><InLine><AdSystem>x</AdSystem>',
      '<Impression><![CDATA[<Impression>]]></Impression><Creatives><Creative><Linear skipoffset="00:00:05"><Duration>00:00:15</Duration><TrackingEvents>',
      '<Tracking event="start"><![CDATA[https://d.example/s]]></Tracking></TrackingEvents><VideoClicks><ClickThrough>https://d.example</ClickThrough>',
      '</VideoClicks><MediaFiles/></Linear></Creative></Creatives></InLine></Ad></VAST>',
      '',
    ];
    expect(tracked(head! + inImpression + inEvents + inClicks + tail, 'vast')).toBe(
      head! + impression + inImpression + point + inEvents + click + inClicks,
    );
  });

  it('of its own gets TrackingEvents behind the duration, and no clicks where it has none', () => {
    const [head, middle, tail] = [
      '<VAST><Ad><InLine>',
      '<Impression/><Creatives><Creative><Linear><Duration>00:00:15</Duration>',
      '<MediaFiles></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>',
    ];
    expect(tracked(head! + middle + tail, 'vast')).toBe(
      `${head}${impression}${middle}<TrackingEvents>${point}</TrackingEvents>${tail}`,
    );
  });

  it('that wraps another gets both', () => {
    const head = '<VAST><Ad><Wrapper><VASTAdTagURI>u</VASTAdTagURI>';
    const middle = '<Impression></Impression><Creatives><Creative><Linear';
    const tail = '</Creative></Creatives></Wrapper></Ad></VAST>';
    const content = `<TrackingEvents>${point}</TrackingEvents><VideoClicks>${click}</VideoClicks>`;
    expect(tracked(`${head}${middle}/>${tail}`, 'vast')).toBe(
      `${head}${impression}${middle}>${content}</Linear>${tail}`,
    );
    expect(tracked(`${head}${middle}></Linear>${tail}`, 'vast')).toBe(
      `${head}${impression}${middle}>${content}</Linear>${tail}`,
    );
  });

  it('of several ads has it in each, and in front of the creatives where there is no impression', () => {
    const ad = (inside: string) => `<Ad><InLine>${inside}<Creatives></Creatives></InLine></Ad>`;
    expect(tracked(`<VAST>${ad('')}${ad('')}</VAST>`, 'vast')).toBe(`<VAST>${ad(impression)}${ad(impression)}</VAST>`);
  });

  it('without playback points has no empty TrackingEvents', () => {
    const vast = '<VAST><Ad><InLine><Impression/><Creatives><Linear></Linear></Creatives></InLine></Ad></VAST>';
    expect(tracked(vast, 'vast', { ...RULES, playbackPoints: [] })).not.toContain('TrackingEvents');
  });

  test.each([
    ['without an ad', '<VAST version="3.0"/>'],
    ['with an ad that has neither impression nor creatives', '<VAST><Ad><InLine><AdSystem/></InLine></Ad></VAST>'],
    ['that is cut off', '<VAST><Ad><InLine><Impression>'],
    ['with a comment that does not end', '<VAST><Ad><InLine><Impression/><!-- </InLine></Ad></VAST>'],
  ])('%s is left alone', (_what, markup) => {
    expect(tracked(markup, 'vast')).toBeNull();
  });
});

describe('native', () => {
  const ad = {
    link: { url: 'https://shoes.example', clicktrackers: ['a'] },
    assets: [{ id: 1, title: { text: '"é' } }],
  };

  it('of 1.0 and 1.1 has imptrackers, of 1.2 eventtrackers, and clicktrackers in every link', () => {
    const linked = { ...ad, assets: [{ id: 1, title: { text: 't' }, link: { url: 'u' } }], imptrackers: ['b'] };
    expect(JSON.parse(tracked(JSON.stringify(linked), 'native')!)).toEqual({
      link: { url: 'https://shoes.example', clicktrackers: ['a', '{click}'] },
      assets: [{ id: 1, title: { text: 't' }, link: { url: 'u', clicktrackers: ['{click}'] } }],
      imptrackers: ['b', '{impression}'],
    });
    expect(
      JSON.parse(tracked(JSON.stringify({ native: ad }), 'native', { ...RULES, hasEventTrackers: true })!),
    ).toEqual({
      native: {
        ...ad,
        link: { ...ad.link, clicktrackers: ['a', '{click}'] },
        eventtrackers: [
          { event: 1, method: 1, url: '{impression}' },
          { event: 2, method: 1, url: '{viewable}' },
        ],
      },
    });
  });

  test.each([
    '{',
    '[]',
    '{"assets":[]}',
    '{"link":{},"imptrackers":"x"}',
    '{"link":{"clicktrackers":{}}}',
    '{"link":{"url":"\\u0000click\\u0000"}}',
  ])('%s is left alone', (markup) => {
    expect(tracked(markup, 'native')).toBeNull();
  });
});

describe('VAST that knows ViewableImpression', () => {
  const viewable = '<Viewable><![CDATA[{viewable}]]></Viewable>';
  const vast = (version: string, before: string, behind = '') =>
    `<VAST version="${version}"><Ad><InLine><Impression/>${before}<Creatives/>${behind}</InLine></Ad></VAST>`;
  const viewablesOf = (markup: string) =>
    /<ViewableImpression.*<\/ViewableImpression>/.exec(tracked(markup, 'vast') ?? '')?.[0];

  it('has ours in its own, or one of ours before the creatives', () => {
    const own = '<Viewable><![CDATA[https://d.example]]></Viewable></ViewableImpression>';
    expect(viewablesOf(vast('4.0', `<ViewableImpression id="x">${own}`))).toBe(
      `<ViewableImpression id="x">${viewable}${own}`,
    );
    expect(viewablesOf(vast('4.2', '', `<ViewableImpression>${own}`))).toBe(`<ViewableImpression>${viewable}${own}`);
    expect(tracked(vast('4.1', ''), 'vast')).toContain(
      `<Impression/><ViewableImpression id="gavel">${viewable}</ViewableImpression><Creatives/>`,
    );
  });

  it('has none where there is no place for it', () => {
    for (const markup of [vast('3.0', ''), vast('2.0', ''), vast('4.0', '<ViewableImpression/>')]) {
      expect(tracked(markup, 'vast')).not.toContain('{viewable}');
    }
  });

  it('has one in each ad', () => {
    const ad = '<Ad><Wrapper><Impression/><Creatives/></Wrapper></Ad>';
    expect(tracked(`<VAST version='4.2'>${ad}${ad}</VAST>`, 'vast')!.split('{viewable}')).toHaveLength(3);
  });
});

describe('creatives of our own', () => {
  const slots = (markup: string) => withCreativeMacros(untrackedTemplate(markup)).slots;
  const shown = (markup: string) =>
    renderTemplate(
      withCreativeMacros(untrackedTemplate(markup)),
      ({ code, form, target }) => `[${code} ${form} ${target}]`,
    );

  it('say where a click leads', () => {
    expect(shown('<a href="${CLICK_URL}https://a.example/?x=1&amp;y=2#z">a</a>')).toBe(
      '<a href="[click url https://a.example/?x=1&y=2#z]">a</a>',
    );
    expect(shown("open('%%CLICK_URL_UNESC%%https%3A%2F%2Fa.example%2F')")).toBe(
      "open('[click url https://a.example/]')",
    );
    expect(shown('<a href="${CLICK_URL}">')).toBe('<a href="[click url null]">');
    expect(shown('${CONVERSION_TOKEN}')).toBe('[conversion token null]');
    expect(shown('measure("${VIEWABLE_URL}")')).toBe('measure("[viewable url null]")');
    expect(slots('<b>an ad</b> ${AUCTION_ID}')).toEqual([]);
  });

  it('lead there without tracking too', () => {
    const markup = '<a href="${CLICK_URL}https://a.example/?c=${CONVERSION_TOKEN}">${CONVERSION_TOKEN}</a>';
    expect(withoutCreativeMacros(markup)).toBe('<a href="https://a.example/?c="></a>');
    expect(withoutCreativeMacros('measure("${VIEWABLE_URL}")')).toBe('measure("")');
  });
});

const pieces = fc.constantFrom(
  ...['<', '>', '"', "'", '/', '!--', '-->', '<![CDATA[', ']]>', '<body>', '<html>', '<script>', '</script>', 'text'],
  ...[
    '<VAST>',
    '<InLine>',
    '</InLine>',
    '<Wrapper>',
    '</Wrapper>',
    '<Impression>',
    '<Creatives>',
    '<Linear>',
    '<Linear/>',
  ],
  ...['</Linear>', '<TrackingEvents>', '</VideoClicks>', '</Duration>', '{', '}', '"link":{}', '${CLICK_URL}http://a'],
);

it('whatever markup is, it is left alone or has nothing taken away', () => {
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 30 }),
      fc.constantFrom<MarkupKind>('html', 'vast', 'daast'),
      (parts, kind) => {
        const markup = parts.join('');
        const template = trackedTemplate(markup, kind, RULES);
        if (template === null) return;
        expect(template.slots.some(({ code }) => code === 'impression')).toBe(true);
        // What was put in stands between what was there: nothing of that is lost or changes its order.
        let position = 0;
        const whole = renderTemplate(template, () => '');
        for (const character of markup) {
          position = whole.indexOf(character, position) + 1;
          expect(position).toBeGreaterThan(0);
        }
      },
    ),
    { numRuns: 500 },
  );
});
