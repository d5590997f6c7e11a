/** Where the engine's time goes: the self time of its functions in a CPU profile of 50 DSPs under load. */
import { readFile } from 'node:fs/promises';
import { seededRandom } from '../simulator/random.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import type { BenchContext } from './measurement.ts';
import { bodiesOf, ordinaryRate, startRig } from './rig.ts';

const DSP_COUNT = 50;
const ROWS_SHOWN = 25;

/** The part of the inspector's format that is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Writes `file`, to be opened in the inspector, and gives a table of what is in it. */
export async function profileEngine(file: string, context: BenchContext): Promise<string> {
  const { seconds } = context.scale;
  const rig = await startRig({ dspCount: DSP_COUNT, seed: context.seed, delayMs: (index) => 2 + index / 5 });
  try {
    const { url, engine } = rig;
    const ratePerSec = await ordinaryRate(rig, context);
    await engine.ask('startProfile');
    const { answered } = await runOpenLoop({
      url,
      ratePerSec,
      seconds: 2 * seconds,
      arrivals: 'poisson',
      random: seededRandom(context.seed).fork('profile'),
      body: bodiesOf('profile'),
    });
    await engine.ask('writeProfile', file);
    return formatProfile(JSON.parse(await readFile(file, 'utf8')) as CpuProfile, answered);
  } finally {
    await rig.close();
  }
}

function formatProfile(profile: CpuProfile, auctions: number): string {
  const byPlace = new Map<string, number>();
  const byGroup = new Map<string, number>();
  const frameOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  let busyUs = 0;
  for (let index = 0; index < profile.samples.length; index++) {
    const { functionName, url, lineNumber } = frameOf.get(profile.samples[index]!)!;
    if (functionName === '(idle)') continue;
    const us = profile.timeDeltas[index]!;
    busyUs += us;
    add(byGroup, groupOf(functionName, url), us);
    add(byPlace, `${functionName || '(anonymous)'}  ${shortPath(url)}${url === '' ? '' : `:${lineNumber + 1}`}`, us);
  }
  const rows = (times: Map<string, number>, count: number): string[] =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(
        ([name, us]) =>
          `${((us / busyUs) * 100).toFixed(1).padStart(5)} %  ${(us / auctions).toFixed(0).padStart(5)} us  ${name}`,
      );
  return [
    `${auctions} auctions, ${(busyUs / auctions).toFixed(0)} us each on the main thread`,
    '',
    ...rows(byGroup, ROWS_SHOWN),
    '',
    ...rows(byPlace, ROWS_SHOWN),
  ].join('\n');
}

function add(times: Map<string, number>, key: string, us: number): void {
  times.set(key, (times.get(key) ?? 0) + us);
}

/** Our folders one by one, dependencies by package, the rest as node or the virtual machine. */
function groupOf(functionName: string, url: string): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url);
  return dependency === null ? shortPath(url).split('/').slice(0, 2).join('/') : dependency[1]!;
}

function shortPath(url: string): string {
  return url.replace(/^.*\/(?:node_modules|dist)\//, '');
}
