import { expect, it } from 'vitest';
import { openSubject, SealError, sealSubject } from './sealed-subject.ts';
import { checkCertificate, signCertificate } from './signed-certificate.ts';
import { subjectHash } from './subject-hash.ts';
import { UnlinkedUsers } from './unlinked-users.ts';

const SECRET = 'the-secret-of-all-engines';
const SUBJECT = { ids: ['6d92078a'], userIds: ['ifa:6d92078a'] };

it('ids are sealed for one request and one secret', () => {
  const sealed = sealSubject(SUBJECT, 'd1', SECRET);
  expect(Buffer.from(sealed).includes('6d92078a')).toBe(false);
  expect(Buffer.from(sealSubject(SUBJECT, 'd1', SECRET)).equals(sealed)).toBe(false);
  expect(openSubject(sealed, 'd1', SECRET)).toEqual(SUBJECT);
  expect(() => openSubject(sealed, 'd2', SECRET)).toThrow(SealError);
  expect(() => openSubject(sealed, 'd1', 'another-secret-of-others')).toThrow(SealError);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(() => openSubject(changed, 'd1', SECRET)).toThrow(SealError);
  }
  expect(() => openSubject(new Uint8Array(3), 'd1', SECRET)).toThrow(SealError);
});

it('a certificate stands whatever the order of its members, and falls with any change', () => {
  const certificate = signCertificate({ id: 'd1', stores: [{ store: 'segments', left: 0 }], retired: [] }, SECRET);
  expect(checkCertificate(certificate, SECRET)).toBe('valid');
  const { stores, id, ...rest } = certificate;
  expect(checkCertificate({ ...rest, stores: [{ left: 0, store: 'segments' }], id }, SECRET)).toBe('valid');
  const changes: object[] = [
    { ...certificate, id: 'd2' },
    { ...certificate, stores: [{ store: 'segments', left: 1 }] },
    { ...certificate, more: 1 },
    { ...certificate, signature: certificate.signature.slice(0, -4) },
    { ...certificate, signature: '' },
  ];
  for (const changed of changes) expect(checkCertificate(changed, SECRET)).toBe('forged');
  expect(checkCertificate(certificate, 'another-secret-of-others')).toBe('other-key');
  for (const none of [null, 'x', 5, [], {}, { keyId: 5, signature: 'x' }]) {
    expect(checkCertificate(none, SECRET)).toBe('malformed');
  }
});

it('a deleted user is unknown until the time is over', () => {
  let nowMs = 1000;
  const users = new UnlinkedUsers(() => nowMs);
  expect(users.has('ann')).toBe(false);
  users.learn([
    { subjects: [subjectHash('ann')], untilMs: null, sequence: 1 },
    { subjects: [subjectHash('bob')], untilMs: 2000, sequence: 4 },
  ]);
  expect([users.has('ann'), users.has('bob'), users.has('cem'), users.has(null)]).toEqual([true, true, false, false]);
  expect(users.sequence).toBe(4);
  users.learn([{ subjects: [subjectHash('ann')], untilMs: 3000, sequence: 5 }]);
  nowMs = 2500;
  users.forget();
  expect([users.has('ann'), users.has('bob'), users.size]).toEqual([true, false, 1]);
  nowMs = 3000;
  expect(users.has('ann')).toBe(false);
});
