import { UsageError } from './usage-error.ts';

/** `20130606-20130609,20130611` as a test of a day `yyyyMMdd`; undefined takes all. Throws a UsageError. */
export function dayFilter(text: string | undefined): (day: string) => boolean {
  if (text === undefined) return () => true;
  const ranges = text.split(',').map((range) => {
    const match = /^(\d{8})(?:-(\d{8}))?$/.exec(range);
    if (match === null) throw new UsageError(`--days must be like 20130606-20130609, is "${text}"`);
    const [, first, last = first] = match as unknown as [string, string, string?];
    if (last < first) throw new UsageError(`--days: ${range} ends before it begins`);
    return { first, last };
  });
  return (day) => ranges.some(({ first, last }) => first <= day && day <= last);
}
