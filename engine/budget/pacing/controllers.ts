/** The controllers by name, and which one it is when nobody says: compared in docs/pacing.md. */
import { dualPacing } from './dual.ts';
import { multiplicativePacing } from './multiplicative.ts';
import { pidPacing } from './pid.ts';

export const PACING_CONTROLLERS = { multiplicative: multiplicativePacing, pid: pidPacing, dual: dualPacing } as const;

export type PacingControllerName = keyof typeof PACING_CONTROLLERS;

/** On plan like PID, and half as much value again for the same money. */
export const DEFAULT_PACING: PacingControllerName = 'dual';
