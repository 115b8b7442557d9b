/** `512 B`, `1.5 KiB`, `43.9 GiB`, as upstream's `MixAll.humanReadableByteCount(bytes, false)`. */
export function humanReadableBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  do {
    value /= 1024;
    unit++;
  } while (value >= 1024 && unit < UNITS.length - 1);
  return `${value.toFixed(1)} ${UNITS[unit]}iB`;
}

const UNITS = 'KMGTPE';
