/** The models that ship (config/models/README.md). */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Public half of the key that signed them, base64 of 32 bytes. */
export const SHIPPED_MODEL_KEY = 'ffKFwL74jhBMXd7f8Cw20nVl8DfLP0dWbWkW09v4saw=';

/** Of clicks (`ctr`) or of conversions (`cvr`): beside the sources, and not copied into a build. */
export function shippedModelFolder(name: 'ctr' | 'cvr'): string {
  const beside = fileURLToPath(new URL(`./models/${name}`, import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../../config/models/${name}`, import.meta.url));
}
