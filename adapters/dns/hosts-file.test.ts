import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostsFileResolver } from './hosts-file.ts';

const FILE = `
::1         localhost ip6-localhost
127.0.0.1   localhost   # the loopback
# 192.0.2.9 commented.test
192.0.2.1\tBid.Example.test bid
nonsense    broken.test
`;

test('names, aliases, families and comments of a hosts file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-hosts-'));
  try {
    const path = join(folder, 'hosts');
    await writeFile(path, FILE);
    const find = hostsFileResolver(path);
    expect(await find('localhost')).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
    expect(await find('bid.example.test')).toEqual([{ address: '192.0.2.1', family: 4 }]);
    expect(await find('bid')).toEqual([{ address: '192.0.2.1', family: 4 }]);
    for (const absent of ['commented.test', 'broken.test', 'example.test', '192.0.2.1']) {
      await expect(find(absent)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    }
    await writeFile(path, '192.0.2.2 bid\n');
    expect(await find('bid')).toEqual([{ address: '192.0.2.2', family: 4 }]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a machine without a hosts file knows no names', async () => {
  await expect(hostsFileResolver('/nowhere/hosts')('localhost')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
