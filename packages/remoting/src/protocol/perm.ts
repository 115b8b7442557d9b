/** Permission bits of a topic, queue or broker. Source: `PermName`. */
export const PermName = { PERM_INHERIT: 1, PERM_WRITE: 2, PERM_READ: 4, PERM_PRIORITY: 8 } as const;

export const isReadable = (perm: number): boolean => (perm & PermName.PERM_READ) !== 0;
export const isWriteable = (perm: number): boolean => (perm & PermName.PERM_WRITE) !== 0;
/** Topics created by themselves may copy this one. */
export const isInherited = (perm: number): boolean => (perm & PermName.PERM_INHERIT) !== 0;
export const isAccessible = (perm: number): boolean => isReadable(perm) || isWriteable(perm);
/** Range that administration accepts: any union of inherit, write and read. */
export const isValidPerm = (perm: number): boolean =>
  Number.isInteger(perm) && perm >= 0 && perm < PermName.PERM_PRIORITY;

/** `RW-`, `R--`, `RWX`, ... as the tools print it. */
export function permString(perm: number): string {
  return `${isReadable(perm) ? 'R' : '-'}${isWriteable(perm) ? 'W' : '-'}${isInherited(perm) ? 'X' : '-'}`;
}
