/** The grammar of 4.x, or that of 5.x, which adds CONTAINS, STARTSWITH and ENDSWITH; to 4.x these are names of properties. */
export type SqlDialect = 'V4' | 'V5';
