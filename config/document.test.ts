import { expect, test } from 'vitest';
import { documentConfig } from './document.ts';

test('docs/configuration.md is what the schema says (npm run docs:config writes it)', async () => {
  await expect(documentConfig()).toMatchFileSnapshot('../docs/configuration.md');
});
