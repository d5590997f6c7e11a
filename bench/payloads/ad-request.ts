/** JSON of a web banner request as publishers send it, `bytes` long: about 1,300 bytes plus user segments to fill up. */
export function adRequest(id: string, bytes: number): string {
  const request = bannerRequest(id);
  const { data } = request.user;
  const empty = JSON.stringify(request).length;
  for (let length = empty, index = 0; length + SEGMENT_BYTES <= bytes; index++, length += SEGMENT_BYTES) {
    data[0]!.segment.push({ id: `segment-${String(index).padStart(3, '0')}`, name: 'interest', value: '1' });
  }
  return JSON.stringify(request);
}

interface Segment {
  readonly id: string;
  readonly name: string;
  readonly value: string;
}

/** Of one more segment, with its comma. */
const SEGMENT_BYTES = JSON.stringify({ id: 'segment-000', name: 'interest', value: '1' }).length + 1;

function bannerRequest(id: string) {
  return {
    id,
    at: 2,
    tmax: 200,
    cur: ['USD'],
    imp: [
      {
        id: '1',
        tagid: 'article-rectangle',
        banner: {
          format: [
            { w: 300, h: 250 },
            { w: 320, h: 250 },
          ],
          pos: 1,
          battr: [1, 2, 8],
          api: [5, 7],
        },
        bidfloor: 0.25,
        bidfloorcur: 'USD',
        secure: 1,
      },
    ],
    site: {
      id: 'site-1',
      name: 'Evening Post',
      domain: 'eveningpost.example',
      cat: ['IAB12', 'IAB12-2'],
      page: 'https://eveningpost.example/politics/2026/a-long-title-of-an-article-as-they-are',
      ref: 'https://search.example/',
      publisher: { id: 'pub-7', name: 'Evening Media', domain: 'eveningmedia.example' },
    },
    device: {
      ua: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      ip: '198.51.100.77',
      devicetype: 2,
      os: 'Windows',
      osv: '10',
      w: 1920,
      h: 1080,
      language: 'en',
      geo: { country: 'USA', region: 'NY', city: 'Albany', zip: '12207', type: 2, utcoffset: -300 },
    },
    user: { id: 'user-5', data: [{ id: 'dmp-1', name: 'dmp.example', segment: [] as Segment[] }] },
    bcat: ['IAB25', 'IAB26', 'IAB24'],
    badv: ['blocked-one.example', 'blocked-two.example'],
    source: {
      fd: 0,
      tid: '1b9f7a44-62a5-4c2c-8f0b-0d8c8a3a5f10',
      schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'ssp.example', sid: 'seller-7', hp: 1 }] },
    },
    regs: { coppa: 0, gdpr: 0, us_privacy: '1YNN' },
  };
}
