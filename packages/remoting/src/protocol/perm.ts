/** Permission bits of a topic, queue or broker. Source: `PermName`. */
export const PERM_INHERIT = 1;
/** Messages may be sent. */
export const PERM_WRITE = 2;
/** Messages may be read. */
export const PERM_READ = 4;
/** Declared upstream; no topic may have it. */
export const PERM_PRIORITY = 8;
/** The same under upstream's class name. */
export const PermName = { PERM_INHERIT, PERM_WRITE, PERM_READ, PERM_PRIORITY } as const;

/** Messages may be read. */
export const isReadable = (perm: number): boolean => (perm & PERM_READ) !== 0;
/** Messages may be sent. */
export const isWriteable = (perm: number): boolean => (perm & PERM_WRITE) !== 0;
/** Topics created by themselves may copy this one. */
export const isInherited = (perm: number): boolean => (perm & PERM_INHERIT) !== 0;
/** Messages may be sent, or read, or both. */
export const isAccessible = (perm: number): boolean => isReadable(perm) || isWriteable(perm);
/** Range that administration accepts: any union of inherit, write and read. */
export const isValidPerm = (perm: number): boolean =>
  Number.isInteger(perm) && perm >= 0 && perm < PERM_PRIORITY;

/** `RW-`, `R--`, `RWX`, ... as the tools print it. */
export function permString(perm: number): string {
  return `${isReadable(perm) ? 'R' : '-'}${isWriteable(perm) ? 'W' : '-'}${isInherited(perm) ? 'X' : '-'}`;
}
