import { AdminError } from '../errors.js';

/**
 * Changed settings as servers read them: a `key=value` line each, as it is. Upstream: MixAll.properties2String.
 * @throws AdminError INVALID_ARGUMENT for a key or value that would become another line, or none
 */
export function formatConfig(changes: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(changes).map(([key, value]) => {
    if (!/^[^\s=:#!\\]+$/.test(key) || /[\r\n]/.test(value)) {
      throw new AdminError('INVALID_ARGUMENT', `"${key}" cannot be set to ${JSON.stringify(value)}`);
    }
    return `${key}=${value}\n`;
  });
  return Buffer.from(lines.join(''));
}
