/** What was done to the run, and what the engine made of it: faults, breakers, and everything else that was not as usual. */
import type { StateSpan } from '../../world/run-record.ts';
import { condition } from './fault-words.ts';
import { COLOURS } from './palette.ts';
import type { RunView } from './run-view.ts';
import type { Section } from './section.ts';
import { type Span, spanChart } from './span-chart.ts';

export function stateSection(view: RunView): Section {
  return { id: 'states', title: 'Faults and reactions', figures: [faults(view), breakers(view), others(view)] };
}

function faults(view: RunView) {
  return spanChart(view, {
    id: 'faults',
    title: 'Faults',
    description: 'What the run was made to suffer, and when. The same times are shaded in all charts over time.',
    spans: view.record.faults.map((fault) => ({
      row: condition(fault),
      state: fault.kind,
      fromMs: fault.fromMs,
      untilMs: fault.untilMs,
    })),
    colourOf: view.bands.colourOf,
    hasBands: false,
    whyEmpty: 'there were none',
  });
}

function breakers(view: RunView) {
  return spanChart(view, {
    id: 'breakers',
    title: 'Breakers of DSPs',
    description:
      'Open: the DSP is not called. Half-open: a few probes find out whether it is back. No bar: closed, as usual.',
    spans: view.record.states
      .filter(({ kind }) => kind === 'breaker')
      .map(({ subject, ...span }) => ({ ...span, row: subject })),
    colourOf: stateColour,
    hasBands: true,
    whyEmpty: 'no breaker left its usual state',
  });
}

/** In this order from the top. */
const OTHER_KINDS: readonly StateSpan['kind'][] = ['process', 'failover', 'shedding', 'throttle', 'fallback'];

function others(view: RunView) {
  const spans = OTHER_KINDS.flatMap((kind): Span[] =>
    view.record.states
      .filter((span) => span.kind === kind)
      .map(({ subject, state, fromMs, untilMs }) => ({
        row: `${kind} · ${subject}`,
        state: state === kind ? kind : `${kind}: ${state}`,
        fromMs,
        untilMs,
      })),
  );
  return spanChart(view, {
    id: 'periods',
    title: 'Shedding, fallback, throttling, processes that were down',
    description: 'When something was not as usual, and of which process, DSP or region. No bar: all was well.',
    spans,
    colourOf: stateColour,
    hasBands: true,
    whyEmpty: 'nothing was shed, throttled, down or served from a fallback',
  });
}

/** The warmer, the more was refused. */
const STATE_COLOURS: Readonly<Record<string, string>> = {
  open: COLOURS.red,
  'half-open': COLOURS.orange,
  'process: down': COLOURS.red,
  'shedding: shed': COLOURS.orange,
  'shedding: watch': COLOURS.olive,
  fallback: COLOURS.purple,
  throttle: COLOURS.teal,
};

function stateColour(state: string): string {
  if (Object.hasOwn(STATE_COLOURS, state)) return STATE_COLOURS[state]!;
  const kind = state.split(':', 1)[0]!;
  return Object.hasOwn(STATE_COLOURS, kind) ? STATE_COLOURS[kind]! : COLOURS.blue;
}
