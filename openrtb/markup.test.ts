import { expect, it } from 'vitest';
import { sniffMarkup } from './markup.ts';

it.each([
  ['<VAST version="4.2"></VAST>', 'vast'],
  ['\ufeff \n<?xml version="1.0"?>\n<!-- c --><!DOCTYPE x><VAST>', 'vast'],
  ['<vast>', 'vast'],
  ['<VASTLY>', 'html'],
  ['<DAAST version="1.0">', 'daast'],
  ['<div><VAST></div>', 'html'],
  ['{"assets":[]}', 'native'],
  [' {"ver":"1.2","assetsurl":"https://a.example"}', 'native'],
  ['{"native":{"assets":[]}}', 'native'],
  ['{"creative":"x"}', 'html'],
  ['<?xml never closed', 'html'],
  ['<!-- never closed <VAST>', 'html'],
  ['plain text', 'html'],
  ['', 'html'],
] as const)('%j is %s', (adm, kind) => {
  expect(sniffMarkup(adm)).toBe(kind);
});
