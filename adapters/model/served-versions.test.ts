import { describe, expect, it } from 'vitest';
import type { ModelSignature } from './inference-protocol.ts';
import { ServedVersions } from './served-versions.ts';

const signatureOf = (...versions: string[]): ModelSignature => ({
  inputName: 'rows',
  datatype: 'FP64',
  version: versions.at(-1) ?? '',
  versions,
});

describe('the current version', () => {
  it('is the latest at first, and after an outage the one that it was if that is still served', () => {
    const served = new ServedVersions();
    expect(served.signature).toBeNull();
    served.accept('', signatureOf('1', '2'));
    expect(served.current).toBe('2');
    served.accept('', signatureOf('2', '3'));
    expect(served.current).toBe('2');
    served.accept('', signatureOf('4'));
    expect(served.current).toBe('4');
  });

  it('is what the answers say where the metadata says nothing', () => {
    const served = new ServedVersions();
    served.accept('', signatureOf());
    expect(served.signatureOf('7')).toBeNull();
    served.accept('7', signatureOf());
    expect(served.current).toBe('7');
    served.forget();
    served.accept('', signatureOf());
    expect(served.current).toBe('7');
  });

  it('changes after a run of answers of another one, not after as many by turns', () => {
    const served = new ServedVersions();
    served.accept('', signatureOf('1', '2'));
    for (let answer = 0; answer < 100; answer++) served.answered(answer % 4 === 0 ? '2' : '1');
    expect(served.current).toBe('2');
    for (let answer = 0; answer < 24; answer++) served.answered('1');
    expect(served.current).toBe('1');
  });
});

describe('a version', () => {
  it('that the metadata lists beside the current one needs no check of its own', () => {
    const served = new ServedVersions();
    served.accept('', signatureOf('1', '2'));
    expect(served.signatureOf('1')).toEqual(signatureOf('1', '2'));
    expect(served.signatureOf('3')).toBeNull();
    served.forget();
    expect(served.signatureOf('1')).toBeNull();
    expect(served.signatureOf('2')).toBeNull();
  });

  it('is as sound as before when it was checked anew', () => {
    const served = new ServedVersions();
    served.accept('', signatureOf('1'));
    const sanity = served.sanityOf('1');
    served.forget();
    served.accept('', signatureOf('1'));
    expect(served.sanityOf('1')).toBe(sanity);
  });

  it('is forgotten after four others', () => {
    const served = new ServedVersions();
    for (const version of ['1', '2', '3', '4']) served.accept(version, signatureOf(version));
    expect(served.signatureOf('1')).not.toBeNull();
    served.accept('5', signatureOf('5'));
    expect(served.signatureOf('1')).toBeNull();
    expect(served.signatureOf('2')).not.toBeNull();
    expect(served.signature).toEqual(signatureOf('5'));
  });
});
